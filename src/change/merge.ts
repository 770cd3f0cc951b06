import { applyPatch, structuredPatch } from 'diff'

/**
 * A file as it would be without a change, with what somebody edited after the change: three-way, line by line.
 * undefined where the edit touches the change's own lines, so that only a person can tell. Made both ways, the edit
 * applied to what was before and the change taken out of what is now, and believed only when both agree.
 */
export function mergeEdit(before: Buffer, after: Buffer, now: Buffer): Buffer | undefined {
  const [was, written, edited] = [before, after, now].map((content) => content.toString('latin1'))
  if (was === undefined || written === undefined || edited === undefined) return undefined
  const kept = patched(was, written, edited)
  const undone = patched(edited, written, was)
  return kept !== undefined && kept === undone ? Buffer.from(kept, 'latin1') : undefined
}

/** `onto`, changed as `from` was changed to `to`. */
function patched(onto: string, from: string, to: string): string | undefined {
  const patch = structuredPatch('a', 'b', from, to, undefined, undefined, { context: 2 })
  const result = applyPatch(onto, patch, { autoConvertLineEndings: false })
  return result === false ? undefined : result
}

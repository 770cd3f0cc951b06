import type { ChalkInstance } from 'chalk'
import { escapeText } from './escape.js'

export interface CheckpointView {
  readonly id: string
  readonly title: string
  readonly state: string
  readonly created: string
}

export function renderCheckpoints(checkpoints: readonly CheckpointView[], style: ChalkInstance): string {
  if (checkpoints.length === 0) return 'no checkpoints: greyctl has changed nothing here'
  return checkpoints
    .map(
      ({ id, title, state, created }) =>
        `${style.bold(id)}  ${escapeText(title)}, ${escapeText(state)}, ${created}`,
    )
    .join('\n')
}

export interface ShownCheckpoint extends CheckpointView {
  readonly steps: readonly { readonly title: string }[]
}

/** One change: its steps, and the diff (rendered already). */
export function renderCheckpoint(shown: ShownCheckpoint, diff: string, style: ChalkInstance): string {
  const steps = shown.steps.map(({ title }) => `  ${escapeText(title)}`)
  const without = `sh /var/lib/greyctl/checkpoints/${escapeText(shown.id)}/restore.sh`
  return [
    renderCheckpoints([shown], style),
    ...steps,
    '',
    diff,
    '',
    `take it back                greyctl rollback ${escapeText(shown.id)}`,
    `where greyctl cannot run    ${without}`,
  ].join('\n')
}

export interface RollbackView {
  readonly checkpoint: string
  /** Paths that were restored. */
  readonly restored: readonly string[]
  /** Of these, edited after the change: their edits are kept. */
  readonly merged: readonly string[]
  /** What could not be put back. */
  readonly problems: readonly string[]
}

export function renderRollback(
  { checkpoint, restored, merged, problems }: RollbackView,
  style: ChalkInstance,
): string {
  const files = restored.map(
    (path) => `  ${escapeText(path)}${merged.includes(path) ? ' (with what was edited since)' : ''}`,
  )
  const left = problems.map((problem) => `${style.yellow('!')} not put back: ${escapeText(problem)}`)
  return [`${style.green('✓')} put back as before ${style.bold(checkpoint)}`, ...files, ...left].join('\n')
}

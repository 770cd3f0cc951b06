import { lineStart } from './logical-lines.js'
import type { Definition, MainCf } from './main-cf.js'
import { listWords } from './restriction-list.js'

/** How greyctl knows in main.cf what it put there: the name, the comment above it, and the values that it makes. */
export const GREYCTL_PARAMETER = 'greyctl_check'

export const COMMENT = '# greylisting by greyctl (greyctl uninstall takes this out)'
/** Remembers that the list was there without entries, so that uninstall leaves it so. */
export const COMMENT_EMPTY =
  '# greylisting by greyctl, in a list that was empty (greyctl uninstall empties it again)'

/** What a list that had no entries gets. */
export function createdValue(parameter: string, withGuard: boolean): string {
  const guard = withGuard ? ['reject_unauth_destination'] : []
  return ['permit_mynetworks', 'permit_sasl_authenticated', ...guard, `$${parameter}`].join(', ')
}

export function createdValues(parameter: string): string[] {
  return [createdValue(parameter, false), createdValue(parameter, true)]
}

interface CommentLine {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly lineEnd: string
}

export function commentAbove(cf: MainCf, definition: Definition): CommentLine | undefined {
  const end = definition.logical.pieces[0]?.start ?? 0
  if (end === 0) return undefined
  const start = lineStart(cf.text, end - 1)
  const line = cf.text.slice(start, end)
  const text = line.trim()
  if (text !== COMMENT && text !== COMMENT_EMPTY) return undefined
  return { start, end, text, lineEnd: line.endsWith('\r\n') ? '\r\n' : '\n' }
}

/** Ours: under our comment, or a policy check, or emptied to switch it off. */
export function isOurs(cf: MainCf, definition: Definition): boolean {
  if (commentAbove(cf, definition) !== undefined || definition.value === '') return true
  return listWords(definition.value).some((word) => word.toLowerCase() === 'check_policy_service')
}

import { type CommentLine, lineAbove } from './block.js'
import type { Definition, MainCf } from './main-cf.js'
import { listWords } from './restriction-list.js'

/** How greyctl knows in main.cf what it put there: the name, the comment above it, and the values that it makes. */
export const GREYCTL_PARAMETER = 'greyctl_check'

/** The restriction class of selective greylisting, and the file name of the table that names it. */
export const GREYLIST_CLASS = 'check_greylist'
export const GREYLIST_TABLE = 'check_client_greylist'

export const COMMENT = '# greylisting by greyctl (greyctl uninstall takes this out)'
/** Remembers that the list was there without entries, so that uninstall leaves it so. */
export const COMMENT_EMPTY =
  '# greylisting by greyctl, in a list that was empty (greyctl uninstall empties it again)'

export const COMMENT_CLASS =
  '# greylisting by greyctl: what its table of clients names (greyctl uninstall takes this out)'

/** What a list that had no entries gets. */
export function createdValue(parameter: string, withGuard: boolean): string {
  const guard = withGuard ? ['reject_unauth_destination'] : []
  return ['permit_mynetworks', 'permit_sasl_authenticated', ...guard, `$${parameter}`].join(', ')
}

export function createdValues(parameter: string): string[] {
  return [createdValue(parameter, false), createdValue(parameter, true)]
}

export function commentAbove(cf: MainCf, definition: Definition): CommentLine | undefined {
  return lineAbove(cf, definition, [COMMENT, COMMENT_EMPTY])
}

/** Ours: under our comment, or a policy check, or a look-up in the table of selective greylisting, or emptied to switch it off. */
export function isOurs(cf: MainCf, definition: Definition): boolean {
  if (commentAbove(cf, definition) !== undefined || definition.value === '') return true
  return listWords(definition.value).some(
    (word) => word.toLowerCase() === 'check_policy_service' || word.endsWith(`/${GREYLIST_TABLE}`),
  )
}

/** The class by its comment alone: people who followed a tutorial have one of the same name. */
export function isOurClass(cf: MainCf, definition: Definition): boolean {
  return lineAbove(cf, definition, [COMMENT_CLASS]) !== undefined
}

import { GreyctlError } from '../errors.js'
import { guardsRelay, isGuard } from './guards.js'
import type { MainCf, Parameter } from './main-cf.js'
import {
  flattenClasses,
  type RestrictionEntry,
  type RestrictionList,
  readRestrictions,
} from './restriction-list.js'
import { effectiveSettings } from './settings.js'

type WarningCode =
  | 'own-networks-asked'
  | 'authenticated-asked'
  | 'list-ends-early'
  | 'no-relay-guard'
  | 'before-relay-guard'
  | 'warn-only'

export interface PlacementWarning {
  readonly code: WarningCode
  readonly message: string
}

/** Where a check goes in a list, and why. */
export interface Placement {
  /** The parameter that holds the word: the list itself, or one that the list is made of. */
  readonly parameter: string
  /** Before which word of its value: 0 is first, the number of words is last. */
  readonly gap: number
  /** The words around it as written; undefined at the ends. */
  readonly after: string | undefined
  readonly before: string | undefined
  readonly reason: string
  /** Own clients that nothing in the list exempts, although a permit right before the check would not change what else the list does. */
  readonly missingPermits: readonly OwnPermit[]
}

export type OwnPermit = 'permit_mynetworks' | 'permit_sasl_authenticated'

const RELAY_LIST = 'smtpd_relay_restrictions'
const OWN_PERMITS = ['permit_mynetworks', 'permit_sasl_authenticated'] as const

/** Whatever comes after one of these is not reached by mail for the own domains (smtpd(8), postconf(5) smtpd_recipient_restrictions). */
const ENDS_LIST = new Set(['permit', 'reject', 'defer', 'permit_auth_destination', 'check_relay_domains'])

/** Does this entry end the list for mail to the own domains? */
export function endsList(entry: RestrictionEntry): boolean {
  if (!ENDS_LIST.has(entry.name)) return false
  return entry.name.startsWith('permit') || !entry.warnIfReject
}

/**
 * Chooses the place for a check that answers DUNNO, PREPEND or DEFER_IF_PERMIT: after everything that permits own
 * clients, guards against relaying or refuses for good, and before the first entry that ends the list for mail to
 * the own domains. Such a check never grants, so no place can open a relay; one too late would never be asked.
 * A list that is one reference to another parameter is placed after the reference, or inside that parameter when it
 * ends the list and nothing else uses it. Throws GreyctlError('config-invalid') for a list that wants an argument.
 */
export function choosePlacement(
  cf: MainCf,
  list: string,
): { placement: Placement; warnings: PlacementWarning[] } {
  const definition = definitionOf(cf, list)
  const read = readRestrictions(cf, definition)
  if (read.unfinished !== undefined) {
    throw new GreyctlError('config-invalid', `${read.unfinished} at the end of ${list} wants an argument`, {
      where: `${cf.path}:${definition.line}`,
    })
  }
  const entries = flattenClasses(cf, read.entries)
  const end = entries.findIndex(endsList)
  const inner = end < 0 ? undefined : ownReference(cf, list, read, entries[end])
  if (inner !== undefined) return choosePlacement(cf, inner)
  const gap = end < 0 ? read.tokens.length : safeGap(read, entries[end]?.first ?? 0)
  const before = entries.filter((entry) => entry.last < gap)
  const missing = OWN_PERMITS.filter((permit) => !before.some((entry) => entry.name === permit))
  // in front of the end of the list, or of a permit, permits of our own change nothing else
  const last =
    end < 0 ||
    (entries[end]?.name === 'permit' && entries.find((entry) => entry.first >= gap) === entries[end])
  const placement: Placement = {
    parameter: list,
    gap,
    after: read.tokens[gap - 1]?.text,
    before: read.tokens[gap]?.text,
    reason: reasonFor(entries[end], before),
    missingPermits: last ? missing : [],
  }
  const warnings = [...endWarnings(entries, end), ...askedWarnings(last ? [] : missing, entries, list)]
  return { placement, warnings: [...warnings, ...relayWarnings(cf, list, before)] }
}

/** Who is asked at a word that stands in the list already. */
export function judgePlace(cf: MainCf, list: string, gap: number): PlacementWarning[] {
  const read = readRestrictions(cf, definitionOf(cf, list))
  const entries = flattenClasses(cf, read.entries)
  const before = entries.filter((entry) => entry.last < gap)
  // permits inside the check's own parameter count
  const own = entries.filter((entry) => entry.first === gap)
  const exempt = [...before, ...own]
  const missing = OWN_PERMITS.filter((permit) => !exempt.some((entry) => entry.name === permit))
  const ended = before.findIndex(endsList)
  const early = ended < 0 ? [] : endWarnings(entries, ended)
  const prefixed = own.some((entry) => entry.name === 'check_policy_service' && entry.warnIfReject)
  const only: PlacementWarning[] = prefixed
    ? [
        {
          code: 'warn-only',
          message: `warn_if_reject stands before the check in ${list}: it logs, and defers nobody`,
        },
      ]
    : []
  return [...early, ...only, ...askedWarnings(missing, entries, list), ...relayWarnings(cf, list, before)]
}

function definitionOf(cf: MainCf, list: string): Parameter {
  const definition = cf.get(list)
  if (definition === undefined)
    throw new GreyctlError('config-invalid', `${list} is not set`, { where: cf.path })
  return definition
}

/** The parameter that the list takes its end from, when it is set here and used by nothing else. */
function ownReference(
  cf: MainCf,
  list: string,
  read: RestrictionList,
  end: RestrictionEntry | undefined,
): string | undefined {
  const token = end && end.first === end.last ? read.tokens[end.first] : undefined
  const name = token && /^\$(?:([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\}|\(([A-Za-z0-9_]+)\))$/.exec(token.text)
  const target = name && (name[1] ?? name[2] ?? name[3])
  if (!target || target === list || cf.get(target) === undefined) return undefined
  const users = cf.definitions.filter((definition) => mentions(definition.value, target))
  return users.length === 1 && users[0]?.name === list ? target : undefined
}

function mentions(value: string, name: string): boolean {
  return new RegExp(`(?<![A-Za-z0-9_])${name}(?![A-Za-z0-9_])`).test(value)
}

function safeGap(read: RestrictionList, gap: number): number {
  let at = gap
  while (at > 0 && read.gapAfter[at - 1] !== true) at -= 1
  return at
}

function reasonFor(end: RestrictionEntry | undefined, before: readonly RestrictionEntry[]): string {
  const guarded = before.some(isGuard) ? ', after the relay guard' : ''
  if (end === undefined) return `last in the list${guarded}: what refuses for good is asked first`
  return `before "${end.name}", which ends the list${guarded}: after it the check would never be asked`
}

function endWarnings(entries: readonly RestrictionEntry[], end: number): PlacementWarning[] {
  const ending = entries[end]
  if (ending === undefined || end === entries.length - 1) return []
  if (ending.name === 'permit_auth_destination') return []
  const message = `entry ${end + 1} (${ending.name}) ends the list: the ${entries.length - end - 1} after it are never reached`
  return [{ code: 'list-ends-early', message }]
}

function askedWarnings(
  missing: readonly OwnPermit[],
  entries: readonly RestrictionEntry[],
  list: string,
): PlacementWarning[] {
  return missing.map((permit) => {
    const late = entries.some((entry) => entry.name === permit)
    const why = late ? `${permit} comes after the check in ${list}` : `${list} has no ${permit}`
    return permit === 'permit_mynetworks'
      ? { code: 'own-networks-asked', message: `${why}: mail from the own networks is greylisted too` }
      : { code: 'authenticated-asked', message: `${why}: authenticated users reach the check too` }
  })
}

function relayWarnings(cf: MainCf, list: string, before: readonly RestrictionEntry[]): PlacementWarning[] {
  const settings = effectiveSettings(cf)
  const guarded = guardsRelay(settings, RELAY_LIST)
  if (!guarded && !guardsRelay(settings, list)) {
    const message =
      'neither smtpd_relay_restrictions nor smtpd_recipient_restrictions guards against relaying: smtpd does not start'
    return [{ code: 'no-relay-guard', message }]
  }
  if (!guarded && !before.some(isGuard)) {
    return [{ code: 'before-relay-guard', message: 'relay attempts reach the check before they are refused' }]
  }
  return []
}

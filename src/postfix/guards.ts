import { compareLevels, expandParameters } from './expand.js'
import type { MainCf } from './main-cf.js'
import { flattenClasses, type RestrictionEntry, readRestrictionText } from './restriction-list.js'

/** What smtpd(8) wants to see in the relay or the recipient list before it starts. */
const REQUIRED = new Set([
  'reject_unauth_destination',
  'defer_unauth_destination',
  'reject',
  'defer',
  'defer_if_permit',
  'check_relay_domains',
])

/** Entries that refuse or defer relaying for a stranger. */
const GUARDS = new Set([...REQUIRED].filter((name) => name !== 'defer_if_permit'))

export function isGuard(entry: RestrictionEntry): boolean {
  return GUARDS.has(entry.name) && !entry.warnIfReject
}

/** smtpd's own test at start (has_required): it looks no further than a literal permit. */
export function hasRelayGuard(entries: readonly RestrictionEntry[]): boolean {
  for (const entry of entries) {
    if (entry.warnIfReject) continue
    if (entry.name === 'permit') return false
    if (REQUIRED.has(entry.name)) return true
  }
  return false
}

function compatibilityLevel(cf: MainCf): string {
  return expandParameters(cf, cf.get('compatibility_level')?.value ?? '0') || '0'
}

/** Since 3.6, unless the compatibility level is lower, the relay list is asked before the recipient list. */
export function relayComesFirst(cf: MainCf): boolean {
  const set = cf.get('smtpd_relay_before_recipient_restrictions')
  if (set !== undefined) return expandParameters(cf, set.value).toLowerCase() === 'yes'
  return compareLevels(compatibilityLevel(cf), '3.6') >= 0
}

/** smtpd_relay_restrictions as it counts (Postfix >= 2.10), classes replaced; its default depends on the compatibility level. */
export function effectiveRelayList(cf: MainCf): readonly RestrictionEntry[] {
  return effectiveList(cf, 'smtpd_relay_restrictions', relayDefault(cf))
}

export function effectiveRecipientList(cf: MainCf): readonly RestrictionEntry[] {
  return effectiveList(cf, 'smtpd_recipient_restrictions', '')
}

function relayDefault(cf: MainCf): string {
  if (compareLevels(compatibilityLevel(cf), '1') < 0) return ''
  return 'permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination'
}

function effectiveList(cf: MainCf, name: string, otherwise: string): readonly RestrictionEntry[] {
  return flattenClasses(cf, readRestrictionText(cf, cf.get(name)?.value ?? otherwise))
}

import { classesOf } from './evaluator/classes.js'
import { hasRequired, REQUIRED } from './evaluator/required.js'
import { listWords, type RestrictionEntry } from './restriction-list.js'
import type { Settings } from './settings.js'

/** Entries that refuse or defer relaying for a stranger. */
const GUARDS = new Set([...REQUIRED].filter((name) => name !== 'defer_if_permit'))

export function isGuard(entry: RestrictionEntry): boolean {
  return GUARDS.has(entry.name) && !entry.warnIfReject
}

/**
 * Would smtpd(8) take this list alone for a guard against relaying when it starts? `settings` are those of one service,
 * expanded.
 */
export function guardsRelay(settings: Pick<Settings, 'get'>, list: string): boolean {
  return hasRequired(listWords(settings.get(list)), classesOf(settings))
}

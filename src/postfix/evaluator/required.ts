/** What smtpd(8) wants to see in the relay or the recipient list before it starts. */
export const REQUIRED: ReadonlySet<string> = new Set([
  'reject_unauth_destination',
  'defer_unauth_destination',
  'reject',
  'defer',
  'defer_if_permit',
  'check_relay_domains',
])

const MAX_DEPTH = 100

/** smtpd's own test at start (has_required): it looks into classes, and no further than a literal permit. */
export function hasRequired(
  words: readonly string[],
  classes: ReadonlyMap<string, readonly string[]>,
  depth = 0,
): boolean {
  for (let at = 0; at < words.length; at += 1) {
    const name = (words[at] ?? '').toLowerCase()
    if (name === 'warn_if_reject') {
      at += 1
      continue
    }
    if (name === 'permit') return false
    if (REQUIRED.has(name)) return true
    const inner = classes.get(words[at] ?? '')
    if (inner !== undefined && depth < MAX_DEPTH && hasRequired(inner, classes, depth + 1)) return true
  }
  return false
}

import { isIP } from 'node:net'
import type { Settings } from '../settings.js'
import { parentsOf } from './match-list.js'
import { refusal, sure, unsure, type Verdict } from './opinion.js'
import { clientName, domainOf, type Known, reverseName } from './scenario.js'
import { isPatternTable, lookup, type Tables } from './tables.js'

/**
 * Whoever controls the DNS of an address or a name would be let in by its own word: there smtpd takes OK for an error
 * (forbid_allowlist of smtpd_check.c).
 */
export function forbidsPermit(name: string): boolean {
  return /^check_(reverse_client_hostname|[a-z_]+_(mx|ns|a))_access$/.test(name)
}

/** One lookup of access(5); `partial` ones are left out for tables that hold patterns. */
interface Key {
  readonly text: string
  readonly partial: boolean
}

const ANY = ['permit', 'dunno', 'reject', 'defer', 'defer_if_permit', 'defer_if_reject', 'error'] as const

/** `check_client_access type:name` and its kind; `subject` is the part between `check_` and `_access`. */
export function checkAccess(
  subject: string,
  table: string,
  known: Known,
  settings: Settings,
  tables: Tables,
): Verdict {
  if (/_(mx|ns|a)$/.test(subject)) {
    return absent(subject, known)
      ? sure('dunno')
      : unsure(`check_${subject}_access asks DNS`, 'dunno', 'reject', 'defer', 'defer_if_permit', 'error')
  }
  const keys = keysFor(subject, known, settings)
  if (keys === undefined) return unsure(`an address like this is not modelled`, ...ANY)
  for (const { text, partial } of keys) {
    if (partial && isPatternTable(table)) continue
    const found = lookup(table, text, tables)
    if (found.unsure !== undefined) return unsure(found.unsure, ...ANY, 'discard')
    if (found.value !== undefined) return readAction(found.value, settings)
  }
  return sure('dunno')
}

function absent(subject: string, { helo, sender, recipient }: Known): boolean {
  if (subject.startsWith('helo')) return helo === undefined
  if (subject.startsWith('sender')) return sender === undefined || sender === ''
  return subject.startsWith('recipient') && recipient === undefined
}

/** In the order in which smtpd asks; undefined: not modelled. Empty: nothing to ask about. */
function keysFor(subject: string, known: Known, settings: Settings): readonly Key[] | undefined {
  const parents = listed(settings.get('parent_domain_matches_subdomains'), 'smtpd_access_maps')
  switch (subject) {
    case 'client':
      return [...domainKeys(clientName(known), parents), ...addressKeys(known.client.address)]
    case 'reverse_client_hostname':
      return [...domainKeys(reverseName(known), parents), ...addressKeys(known.client.address)]
    case 'helo':
      return known.helo === undefined ? [] : domainKeys(known.helo, parents)
    case 'sender':
      return known.sender === '' ? nullKeys(settings) : mailKeys(known.sender, settings, parents)
    case 'recipient':
      return mailKeys(known.recipient, settings, parents)
    case 'sasl':
      return known.user === undefined ? [] : [{ text: known.user, partial: false }]
    case 'etrn':
      return known.etrn === undefined ? [] : domainKeys(known.etrn.toLowerCase(), parents)
    case 'ccert':
      return []
    default:
      return undefined
  }
}

export function listed(list: string, word: string): boolean {
  return list.split(/[\s,]+/).includes(word)
}

function nullKeys(settings: Settings): readonly Key[] {
  const text = settings.get('smtpd_null_access_lookup_key')
  return text === '' ? [] : [{ text, partial: false }]
}

function domainKeys(name: string, parents: boolean): readonly Key[] {
  // an address has no parents
  const names = isIP(name) === 0 ? parentsOf(name, parents ? '' : '.') : [name]
  return names.map((text, at) => ({ text, partial: at > 0 }))
}

function addressKeys(address: string): readonly Key[] {
  const separator = isIP(address) === 6 ? ':' : '.'
  const keys: Key[] = [{ text: address, partial: false }]
  let text = address
  for (let at = text.lastIndexOf(separator); at > 0; at = text.lastIndexOf(separator)) {
    text = text.slice(0, at)
    keys.push({ text, partial: true })
  }
  return keys
}

/** user+foo@domain, user@domain, domain and its parents, user+foo@, user@. */
function mailKeys(
  address: string | undefined,
  settings: Settings,
  parents: boolean,
): readonly Key[] | undefined {
  if (address === undefined) return []
  const domain = domainOf(address)
  if (domain === undefined) return undefined
  const user = address.slice(0, address.lastIndexOf('@'))
  const bare = withoutExtension(user, settings.get('recipient_delimiter'))
  const domains = domainKeys(domain, parents)
  return [
    { text: `${user}@${domain}`, partial: false },
    ...(bare === user ? [] : [{ text: `${bare}@${domain}`, partial: true }]),
    ...domains.map(({ text }) => ({ text, partial: true })),
    { text: `${user}@`, partial: true },
    ...(bare === user ? [] : [{ text: `${bare}@`, partial: true }]),
  ]
}

/** split_addr(3). */
function withoutExtension(user: string, delimiters: string): string {
  if (delimiters === '' || /^(postmaster|mailer-daemon|double-bounce)$/i.test(user)) return user
  const at = [...user].findIndex((character, index) => index > 0 && delimiters.includes(character))
  return at < 0 ? user : user.slice(0, at)
}

/** The right side of an access table, or the answer of a policy server (access(5), "ACCEPT ACTIONS" and below). */
export function readAction(action: string, settings: Settings): Verdict {
  const [word = ''] = action.trim().split(/\s+/)
  const upper = word.toUpperCase()
  if (/^\d+$/.test(action.trim())) return sure('permit')
  if (/^[45]\d\d$/.test(word)) return sure(refusal(word))
  switch (upper) {
    case 'OK':
    case 'RELAY':
      return sure('permit')
    case 'DUNNO':
    case 'WARN':
    case 'INFO':
    case 'PREPEND':
    case 'HOLD':
    case 'FILTER':
    case 'REDIRECT':
    case 'BCC':
      return sure('dunno')
    case 'REJECT':
      return sure(refusal(settings.get('access_map_reject_code')))
    case 'DEFER':
      return sure(refusal(settings.get('access_map_defer_code')))
    case 'DEFER_IF_PERMIT':
      return sure('defer_if_permit')
    case 'DEFER_IF_REJECT':
      return sure('defer_if_reject')
    case 'DISCARD':
      return sure('discard')
    default:
      return action.includes(':') ? sure('error') : { opinions: ['dunno'], list: action.split(/[\s,]+/) }
  }
}

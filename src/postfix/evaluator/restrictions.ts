import { isIP } from 'node:net'
import type { Settings } from '../settings.js'
import { destinationOf, isAuthorized, isRelayDomain } from './destination.js'
import { matchAddress } from './match-list.js'
import { type Answer, type Opinion, refusal, sure, unsure, type Verdict } from './opinion.js'
import { clientName, type Known, reverseName, UNKNOWN_NAME } from './scenario.js'
import type { Tables } from './tables.js'

interface Asked {
  readonly known: Known
  readonly settings: Settings
  readonly tables: Tables
}

type Judge = (asked: Asked) => Verdict

const dunno = sure('dunno')

function byCode(settings: Settings, name: string): Opinion {
  return refusal(settings.get(name))
}

/** `yes` when the answer is true, `no` when it is false; either when it is not known. */
function choose(answer: Answer, yes: Opinion, no: Opinion): Verdict {
  return typeof answer === 'string' ? unsure(answer, yes, no) : sure(answer ? yes : no)
}

/** DNS decides: refused, not, or postponed because no answer came. */
function dns(what: string, ...refusals: readonly Opinion[]): Verdict {
  return unsure(`${what} asks DNS`, 'dunno', 'defer_if_permit', 'defer', ...refusals)
}

function unauthorized(code: (settings: Settings) => Opinion): Judge {
  return ({ known, settings, tables }) =>
    known.recipient === undefined
      ? dunno
      : choose(isAuthorized(known.recipient, settings, tables), 'dunno', code(settings))
}

const rejectUnauthorized = unauthorized((settings) => byCode(settings, 'relay_domains_reject_code'))

/** valid_hostname(3): letters, digits, `-` and `_`, labels that are not too long, more than digits. */
function validHostname(name: string): boolean {
  if (name.length > 255 || name === '') return false
  const labels = name.replace(/\.$/, '').split('.')
  return (
    labels.every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})$/.test(label) && !label.endsWith('-')) &&
    !/^[\d.]+$/.test(name)
  )
}

function isLiteral(text: string): boolean {
  return text.startsWith('[') && text.endsWith(']')
}

/** reject_non_fqdn_sender, reject_non_fqdn_recipient. */
function nonFqdnAddress(address: string | undefined, settings: Settings): Verdict {
  if (address === undefined || address === '') return dunno
  const domain = address.slice(address.lastIndexOf('@') + 1)
  if (!address.includes('@')) return unsure('an address like this is not modelled', 'dunno', 'reject')
  if (isLiteral(domain)) return dunno
  const bad = !validHostname(domain) || !domain.includes('.')
  return bad ? sure(byCode(settings, 'non_fqdn_reject_code')) : dunno
}

/** reject_unknown_sender_domain, reject_unknown_recipient_domain: domains of this server are known. */
function unknownDomain(name: string, address: string | undefined, { settings, tables }: Asked): Verdict {
  if (address === undefined || address === '') return dunno
  const destination = destinationOf(address, settings, tables)
  if (destination === 'final' || destination === 'relay') return dunno
  return dns(name, byCode(settings, 'unknown_address_reject_code'))
}

/** check_sender_rcpt_maps, check_recipient_rcpt_maps: only domains of this server have lists of addresses. */
function unlisted(
  address: string | undefined,
  exists: boolean | undefined,
  { settings, tables }: Asked,
): Verdict {
  if (address === undefined || address === '' || exists === true) return dunno
  const destination = destinationOf(address, settings, tables)
  if (destination === 'elsewhere') return dunno
  const local = settings.get('mydestination')
  const anybody =
    settings.get('local_recipient_maps') === '' &&
    settings.get('virtual_alias_domains') === '' &&
    settings.get('virtual_mailbox_domains') === '' &&
    settings.get('relay_recipient_maps') === ''
  if (local !== '' && anybody) return dunno
  const reason =
    typeof destination === 'object' ? destination.unsure : 'the list of recipients would have to be asked'
  return unsure(reason, 'dunno', 'reject', 'defer')
}

function loginMismatch({ known, settings }: Asked): Verdict {
  if (known.sender === undefined) return dunno
  if (settings.get('smtpd_sender_login_maps') === '' && known.user === undefined) return dunno
  return unsure('smtpd_sender_login_maps would have to be asked', 'dunno', 'reject', 'defer')
}

const JUDGES: Readonly<Record<string, Judge>> = {
  permit: () => sure('permit'),
  reject: ({ settings }) => sure(byCode(settings, 'reject_code')),
  defer: ({ settings }) => sure(byCode(settings, 'defer_code')),
  defer_if_permit: () => sure('defer_if_permit'),
  defer_if_reject: () => sure('defer_if_reject'),
  // a client that waits for answers, without TLS
  reject_unauth_pipelining: () => dunno,
  reject_plaintext_session: ({ settings }) => sure(byCode(settings, 'plaintext_reject_code')),
  reject_multi_recipient_bounce: () => dunno,
  permit_tls_clientcerts: () => dunno,
  permit_tls_all_clientcerts: () => dunno,

  permit_mynetworks: ({ known, settings, tables }) =>
    settings.raw('mynetworks') === undefined && !/^(127\.|::1$)/.test(known.client.address)
      ? unsure('mynetworks is not set here, and its default depends on the machine', 'permit', 'dunno')
      : choose(mynetworks(known, settings, tables), 'permit', 'dunno'),
  permit_inet_interfaces: ({ known }) =>
    known.client.address === '127.0.0.1'
      ? sure('permit')
      : unsure('the addresses of this machine are not known', 'permit', 'dunno'),
  permit_sasl_authenticated: ({ known, settings }) =>
    sure(known.user !== undefined && isYes(settings, 'smtpd_sasl_auth_enable') ? 'permit' : 'dunno'),
  reject_unknown_client_hostname: ({ known, settings }) =>
    clientName(known) === UNKNOWN_NAME ? sure(byCode(settings, 'unknown_client_reject_code')) : dunno,
  reject_unknown_reverse_client_hostname: ({ known, settings }) =>
    reverseName(known) === UNKNOWN_NAME ? sure(byCode(settings, 'unknown_client_reject_code')) : dunno,

  reject_invalid_helo_hostname: ({ known, settings }) => {
    const { helo } = known
    if (helo === undefined) return dunno
    if (isLiteral(helo))
      return isIP(helo.slice(1, -1).replace(/^ipv6:/i, '')) !== 0
        ? dunno
        : sure(byCode(settings, 'invalid_hostname_reject_code'))
    return isIP(helo) !== 0 || validHostname(helo)
      ? dunno
      : sure(byCode(settings, 'invalid_hostname_reject_code'))
  },
  reject_non_fqdn_helo_hostname: ({ known, settings }) => {
    const { helo } = known
    if (helo === undefined || isLiteral(helo)) return dunno
    return validHostname(helo) && helo.includes('.') ? dunno : sure(byCode(settings, 'non_fqdn_reject_code'))
  },
  reject_unknown_helo_hostname: ({ known, settings }) =>
    known.helo === undefined
      ? dunno
      : dns('reject_unknown_helo_hostname', byCode(settings, 'unknown_address_reject_code'), 'reject'),

  reject_non_fqdn_sender: ({ known, settings }) => nonFqdnAddress(known.sender, settings),
  reject_unknown_sender_domain: (asked) =>
    unknownDomain('reject_unknown_sender_domain', asked.known.sender, asked),
  reject_unlisted_sender: (asked) => unlisted(asked.known.sender, undefined, asked),
  reject_sender_login_mismatch: loginMismatch,
  reject_authenticated_sender_login_mismatch: (asked) =>
    asked.known.user === undefined ? dunno : loginMismatch(asked),
  reject_known_sender_login_mismatch: loginMismatch,
  reject_unauthenticated_sender_login_mismatch: (asked) =>
    asked.known.user === undefined ? loginMismatch(asked) : dunno,

  reject_non_fqdn_recipient: ({ known, settings }) => nonFqdnAddress(known.recipient, settings),
  reject_unknown_recipient_domain: (asked) =>
    unknownDomain('reject_unknown_recipient_domain', asked.known.recipient, asked),
  reject_unlisted_recipient: (asked) => unlisted(asked.known.recipient, asked.known.recipientExists, asked),
  reject_unauth_destination: rejectUnauthorized,
  defer_unauth_destination: unauthorized(() => 'defer'),
  permit_auth_destination: ({ known, settings, tables }) =>
    known.recipient === undefined
      ? dunno
      : choose(isAuthorized(known.recipient, settings, tables), 'permit', 'dunno'),
  check_relay_domains: (asked) => {
    const { known, settings, tables } = asked
    if (known.recipient === undefined) return dunno
    const client = isRelayDomain(clientName(known), settings, tables)
    if (client === true || isAuthorized(known.recipient, settings, tables) === true) return sure('permit')
    if (typeof client === 'string')
      return unsure(client, 'permit', byCode(settings, 'relay_domains_reject_code'))
    return choose(
      isAuthorized(known.recipient, settings, tables),
      'permit',
      byCode(settings, 'relay_domains_reject_code'),
    )
  },
  permit_mx_backup: ({ known, settings, tables }) => {
    if (known.recipient === undefined) return dunno
    if (isAuthorized(known.recipient, settings, tables) === true) return sure('permit')
    return unsure('permit_mx_backup asks DNS', 'permit', 'dunno', 'defer_if_reject', 'defer_if_permit')
  },
}

const SYNONYMS: Readonly<Record<string, string>> = {
  reject_unknown_client: 'reject_unknown_client_hostname',
  reject_invalid_hostname: 'reject_invalid_helo_hostname',
  reject_unknown_hostname: 'reject_unknown_helo_hostname',
  reject_non_fqdn_hostname: 'reject_non_fqdn_helo_hostname',
  reject_unknown_address: 'reject_unknown_sender_domain',
  reject_sender_login_mismatch: 'reject_sender_login_mismatch',
}

/** Restrictions whose answer somebody else has; what they may say. */
const ELSEWHERE: readonly (readonly [RegExp, string, readonly Opinion[]])[] = [
  [
    /^reject_unverified_(sender|recipient)$/,
    'a probe of the address',
    ['dunno', 'reject', 'defer', 'defer_if_permit'],
  ],
  [/^reject_(rbl|rbl_client|rhsbl_[a-z_]+)$/, 'a DNS list', ['dunno', 'reject', 'defer']],
  [/^permit_(dnswl|rhswl)_client$/, 'a DNS list', ['permit', 'dunno', 'defer_if_reject']],
  [/^reject_maps_rbl$/, 'a DNS list', ['dunno', 'reject', 'defer']],
]

/** The answer of a restriction that takes no table and is no class; undefined: there is none of that name. */
export function judgeRestriction(name: string, asked: Asked): Verdict | undefined {
  const known = SYNONYMS[name] ?? name
  if (Object.hasOwn(JUDGES, known)) return JUDGES[known]?.(asked)
  const other = ELSEWHERE.find(([pattern]) => pattern.test(name))
  return other && unsure(`${name}: ${other[1]} would have to be asked`, ...other[2])
}

/** The check that smtpd makes of its own accord behind the lists (smtpd_reject_unlisted_recipient). */
export function judgeUnlisted(asked: Asked): Verdict {
  return unlisted(asked.known.recipient, asked.known.recipientExists, asked)
}

function mynetworks({ client }: Known, settings: Settings, tables: Tables): Answer {
  if (settings.raw('mynetworks') === undefined) return true
  const answer = matchAddress(settings.get('mynetworks'), client.address, tables)
  return typeof answer === 'string' ? `mynetworks: ${answer}` : answer
}

function isYes(settings: Settings, name: string): boolean {
  return settings.get(name).toLowerCase() === 'yes'
}

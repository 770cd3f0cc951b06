import { formatAddress, maskAddress, parseAddress } from '../greylist/address.js'
import { answerOf } from '../greylist/correspondent.js'
import { type Expectation, expectationOf } from '../greylist/expected.js'
import { CLIENT, EXPECTED, tripletOf } from '../greylist/key.js'
import type { Policy } from '../greylist/policy.js'
import { isPool } from '../greylist/pool.js'
import { type GreyRecord, isExpired } from '../greylist/record.js'
import type { Entry } from './store.js'

/** Of a policy, what says how a record would be judged. */
export type Rules = Pick<
  Policy,
  'delay' | 'retryWindow' | 'maxAge' | 'autoWhitelist' | 'ipv4Prefix' | 'ipv6Prefix'
>

/** waiting: too early; due: the next try passes; counting: a client on its way to the automatic whitelist. */
export type State = 'waiting' | 'due' | 'passed' | 'counting' | 'whitelisted' | 'expected' | 'expired'

interface Common {
  readonly key: string
  /** Epoch seconds, as is `last`. */
  readonly first: number
  readonly last: number
  readonly state: State
}

export interface KnownTriplet extends Common {
  readonly type: 'triplet'
  readonly network: string
  readonly sender: string
  readonly recipient: string
  /** Epoch seconds from which on a try passes; undefined once one has. */
  readonly passesAt: number | undefined
}

export interface KnownClient extends Common {
  readonly type: 'client'
  /** Or a pool (greylist/pool.ts): `@example.org`, `=example.org`. */
  readonly address: string
  readonly count: number
}

/** A key that does not tell what it stands for: shortened by the store, or a hash. */
export interface KnownOther extends Common {
  readonly type: 'other'
  readonly count: number
}

/** Mail that is expected until `last`, because somebody said so (greyctl expect) or an own user wrote to its sender. */
export interface KnownExpected extends Common, Expectation {
  readonly type: 'expected'
  readonly because: 'said' | 'written to'
}

export type Known = KnownTriplet | KnownClient | KnownExpected | KnownOther

/** What an entry of the store means at this moment. */
export function knownOf([key, record]: Entry, rules: Rules, nowSeconds: number): Known {
  const common = { key, first: record.first, last: record.last }
  const gone = isExpired(key.slice(0, 1), record, rules, nowSeconds)
  const triplet = tripletOf(key)
  if (triplet !== undefined) {
    const passesAt = record.count > 0 ? undefined : record.first + rules.delay
    const state = gone ? 'expired' : tripletState(passesAt, nowSeconds)
    return { type: 'triplet', ...common, ...triplet, passesAt, state }
  }
  const { count } = record
  const expectation = expectationOf(key) ?? answerOf(key)
  if (expectation !== undefined) {
    const because = key.startsWith(EXPECTED) ? 'said' : 'written to'
    return { type: 'expected', because, ...common, ...expectation, state: gone ? 'expired' : 'expected' }
  }
  if (key.startsWith(CLIENT) && (isPool(key.slice(1)) || parseAddress(key.slice(1)) !== undefined)) {
    const state = gone ? 'expired' : clientState(record, rules)
    return { type: 'client', ...common, address: key.slice(1), count, state }
  }
  return { type: 'other', ...common, count, state: gone ? 'expired' : count > 0 ? 'passed' : 'waiting' }
}

function tripletState(passesAt: number | undefined, now: number): State {
  if (passesAt === undefined) return 'passed'
  return now >= passesAt ? 'due' : 'waiting'
}

function clientState({ count }: GreyRecord, { autoWhitelist }: Rules): State {
  return autoWhitelist > 0 && count >= autoWhitelist ? 'whitelisted' : 'counting'
}

/** One mail by all its parts: how its triplet is found where keys are sealed. */
export interface Mail {
  /** An address, or the name of a pool's organisation. */
  readonly client: string
  readonly clientName?: string | undefined
  readonly sender: string
  readonly recipient: string
}

/** What somebody asks about: a client's address, a mail address, or a domain (`@example.org`, `example.org`). */
export type Subject =
  | { readonly kind: 'client'; readonly address: string; readonly network: string }
  | { readonly kind: 'mailbox'; readonly mailbox: string }
  | { readonly kind: 'domain'; readonly domain: string }

export type Wanted = Subject | ({ readonly kind: 'mail' } & Mail)

/**
 * undefined for a text that is none of them. As people copy it from a log, too: `<alice@example.org>`, `mail.example.org[192.0.2.25]`.
 * Bytes beyond ASCII are compared as the store has them, as latin1.
 */
export function parseSubject(copied: string, rules: Rules): Subject | undefined {
  const text = copied.trim().replace(/^<(.*)>$|^[^\s@[\]]*\[([\da-f.:]+)\]$/i, '$1$2')
  const address = parseAddress(text)
  if (address !== undefined) {
    const prefix = address.length === 4 ? rules.ipv4Prefix : rules.ipv6Prefix
    return {
      kind: 'client',
      address: formatAddress(address),
      network: formatAddress(maskAddress(address, prefix)),
    }
  }
  const bytes = Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  if (/^[^@\s]+@[^@\s]+$/.test(bytes)) return { kind: 'mailbox', mailbox: bytes }
  const domain = /^@?([a-z\d_.-]*[a-z\d])$/.exec(bytes)?.[1]
  if (domain === undefined || !(domain.includes('.') || text.startsWith('@'))) return undefined
  return { kind: 'domain', domain }
}

/**
 * Senders are kept without what changes from try to try: `bounce-#@…` is found by asking for that, or for the domain.
 */
export function concerns(known: Known, subject: Subject): boolean {
  if (known.type === 'other') return false
  if (known.type === 'client') {
    const name = isPool(known.address) ? known.address.slice(1) : undefined
    if (subject.kind === 'domain') return name === subject.domain
    return subject.kind === 'client' && known.address === subject.address
  }
  if (subject.kind === 'client') {
    return known.type === 'triplet' && [subject.network, subject.address].includes(known.network)
  }
  const mailboxes = [known.sender, known.recipient]
  if (subject.kind === 'mailbox') return mailboxes.includes(subject.mailbox)
  return mailboxes.some(
    (mailbox) => mailbox.endsWith(`@${subject.domain}`) || mailbox.endsWith(`.${subject.domain}`),
  )
}

/** The record with which the next mail passes: undefined where it does already. */
export function allowed(known: KnownTriplet, nowSeconds: number): Entry | undefined {
  if (known.state === 'passed') return undefined
  return [known.key, { first: known.first, last: nowSeconds, count: 1 }]
}

/** The record of a client that has earned the automatic whitelist. */
export function allowedClient(address: string, rules: Rules, nowSeconds: number): Entry {
  return [CLIENT + address, { first: nowSeconds, last: nowSeconds, count: Math.max(1, rules.autoWhitelist) }]
}

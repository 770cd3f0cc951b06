import { getDomain } from 'tldts'
import { EXPECTED, SEAL } from './key.js'
import { lowerCase } from './lower-case.js'
import { namedPool, type Pool, senderDomain, senderPool } from './pool.js'
import type { GreyRecord } from './record.js'
import type { PolicyRequest } from './request.js'

/** Mail that somebody waits for: a sender, for everybody or for one recipient. `@domain` stands for all of it and below. */
export interface Expectation {
  /** `user@domain` or `@domain`, lower case. */
  readonly sender: string
  /** The same; '' is everybody. */
  readonly recipient: string
}

/** Seconds. Whoever needs it for longer wants a whitelist. */
export const LONGEST_EXPECTATION = 7 * 86_400

/**
 * Stands in the store while anything is expected, until the last of it is over (`last`): one look a turn, instead of one
 * for each way to write a sender. Its name says nothing about anybody, sealed or not.
 */
export const EXPECTATIONS = EXPECTED + SEAL

const SEPARATOR = '\n'

export function expectationKey({ sender, recipient }: Expectation, seal?: (text: string) => string): string {
  const key = EXPECTED + sender + SEPARATOR + recipient
  return seal === undefined ? key : EXPECTED + SEAL + seal(key)
}

/** undefined for other keys, for the marker and for sealed ones. */
export function expectationOf(key: string): Expectation | undefined {
  const [sender = '', recipient, rest] = key.slice(1).split(SEPARATOR)
  if (!key.startsWith(EXPECTED) || recipient === undefined || rest !== undefined) return undefined
  return sender.includes('@') ? { sender, recipient } : undefined
}

/** What is said in the record of an expectation, whose times are when it was said and until when it holds. */
export interface Said {
  /** The user who said it, by number (credentials(7)). */
  readonly by: number
  /** Only from machines that are verified as the sender's own. */
  readonly verified: boolean
}

/** The highest bit of the count; user numbers are smaller. */
const VERIFIED = 0x8000_0000

export function expectationRecord(from: number, until: number, { by, verified }: Said): GreyRecord {
  return { first: from, last: until, count: (by % VERIFIED) + (verified ? VERIFIED : 0) }
}

export function saidOf({ count }: GreyRecord): Said {
  return { by: count % VERIFIED, verified: count >= VERIFIED }
}

/** What is typed, to a mailbox or domain as requests are asked for; undefined for anything else, the null sender too. */
export function parseExpected(text: string): string | undefined {
  const bytes = lowerCase(Buffer.from(text, 'utf8').toString('latin1'))
  return /^[^\s<>\u0000-\u0020]+$/.test(bytes) && bytes.length <= LONGEST && senderDomain(bytes) !== undefined
    ? bytes
    : undefined
}

/** RFC 5321 §4.5.3.1: 64 octets, @, 255 octets. */
const LONGEST = 320
/** Domains above a sender's that are asked for; the name itself is in any case. */
const MOST_LABELS = 6

/** Every key under which this mail may be expected. None for the null sender: bounces are for everybody. */
export function expectationKeys(request: PolicyRequest, seal?: (text: string) => string): readonly string[] {
  const senders = waysToSay(request.sender)
  const recipients = ['', ...waysToSay(request.recipient)]
  return senders.flatMap((sender) =>
    recipients.map((recipient) => expectationKey({ sender, recipient }, seal)),
  )
}

/** The mailbox, it without its extension, and its domain with those above it. */
function waysToSay(address: string): readonly string[] {
  const at = address.lastIndexOf('@')
  if (at < 1 || address.length > LONGEST) return []
  const mailbox = lowerCase(address)
  const domain = mailbox.slice(at)
  const plain = mailbox.slice(0, at).replace(/\+.*/s, '') + domain
  const labels = domain.slice(1).split('.')
  const above = labels.map((_, index) => `@${labels.slice(index).join('.')}`).slice(0, -1)
  const near = above.length > MOST_LABELS ? [domain, ...above.slice(-MOST_LABELS)] : above
  return [...new Set([mailbox, plain, ...near])]
}

/** `records`: of its keys; `pools`: the client's. */
export function isExpected(
  records: readonly (GreyRecord | undefined)[],
  request: PolicyRequest,
  pools: readonly Pool[],
  nowSeconds: number,
): boolean {
  return records.some(
    (record) =>
      record !== undefined &&
      record.last >= nowSeconds &&
      (!saidOf(record).verified || isOwn(request.sender, pools)),
  )
}

/** The client is of the sender's own organisation by its name, or may send for the domain (SPF). */
export function isOwn(sender: string, pools: readonly Pool[]): boolean {
  const domain = senderDomain(sender)
  if (domain === undefined) return false
  const organisation = getDomain(domain, { allowPrivateDomains: true, validateHostname: true })
  return (
    pools.includes(senderPool(domain)) || (organisation !== null && pools.includes(namedPool(organisation)))
  )
}

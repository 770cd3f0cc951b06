import type { NetworkSet } from './address.js'
import type { AddressMap } from './address-map.js'
import type { ClientList } from './client-list.js'
import type { RecipientList } from './recipient-list.js'

const HOUR = 3600
const DAY = 24 * HOUR

/** How greylisting decides. All times in seconds. */
export interface Policy {
  /** A first mail waits this long (RFC 6647 §4.1). 0: nothing is deferred. */
  readonly delay: number
  /** A retry later than this after the first try counts as a first try. */
  readonly retryWindow: number
  /** What was not seen for this long is forgotten. */
  readonly maxAge: number
  /** A client whose mails passed this often, counted at most once an hour, is not greylisted any more. 0: never. */
  readonly autoWhitelist: number
  readonly ipv4Prefix: number
  readonly ipv6Prefix: number
  /** Decide and remember, but defer nobody. */
  readonly learn: boolean
  readonly clients: ClientList
  readonly recipients: RecipientList
  /** Clients that are never greylisted, beside those of the lists. */
  readonly networks: NetworkSet
  /** Senders whose mail is never greylisted. */
  readonly senders: AddressMap<true>
  /** Recipients with a policy of their own. */
  readonly rules: AddressMap<RecipientRule>
  /** What is learned from outbound mail; undefined: nothing. */
  readonly outbound?: Outbound | undefined
  /** Keeps what a key says from whoever reads the store. */
  readonly seal?: ((text: string) => string) | undefined
}

/** What is learned from the mail that own users send ([outbound] in greyctl.toml). */
export interface Outbound {
  /** Seconds that an answer is expected after the last mail to somebody. */
  readonly seconds: number
  /** Answers are expected from the correspondent's own servers only. */
  readonly verified: boolean
  /** Clients that send for own users, beside those who log in. */
  readonly networks: NetworkSet
}

/** How a recipient, or a domain, differs from the rest. */
export interface RecipientRule {
  /** Not greylisted. */
  readonly off?: boolean | undefined
  /** Seconds. */
  readonly delay?: number | undefined
  readonly learn?: boolean | undefined
}

export type PolicyNumbers = Omit<
  Policy,
  'clients' | 'recipients' | 'networks' | 'senders' | 'rules' | 'outbound' | 'seal'
>

/** The policy for mail to this recipient. */
export function policyFor(policy: Policy, recipient: string): Policy {
  const rule = policy.rules.find(recipient)
  if (rule === undefined) return policy
  return { ...policy, delay: rule.delay ?? policy.delay, learn: rule.learn ?? policy.learn }
}

export const DEFAULT_POLICY: PolicyNumbers = {
  delay: 60,
  retryWindow: 2 * DAY,
  maxAge: 35 * DAY,
  autoWhitelist: 5,
  ipv4Prefix: 24,
  ipv6Prefix: 64,
  learn: false,
}

/** Days, or hours with an h behind (postgrey's --retry-window), in seconds; undefined for anything else. */
export function parseRetryWindow(text: string): number | undefined {
  const match = /^(\d{1,6})([hH]?)$/.exec(text)
  if (!match) return undefined
  return Number(match[1]) * (match[2] ? HOUR : DAY)
}

export function days(count: number): number {
  return count * DAY
}

import type { Envelope } from './envelope.js'
import { greylisterEvent } from './greylister-line.js'
import { postfixEvent } from './postfix-line.js'

/** Addresses as logged; a null sender is ''. */
export interface Triplet {
  readonly client: string
  readonly sender: string
  readonly recipient: string
}

/** A decision of greyctl, postgrey or sqlgrey. */
export interface Decided extends Triplet {
  readonly kind: 'decided'
  readonly action: 'defer' | 'pass'
  /** `new`, `early-retry`, `triplet found`, `client whitelist`, `recipient whitelist`, `client AWL`, and what others add. */
  readonly reason: string
  /** It decided so, but only logged it (greyctl's --learn). */
  readonly learned: boolean
  /** Seconds until a retry will pass. */
  readonly missing: number | undefined
  /** Seconds since the triplet's first mail, on its first pass. */
  readonly delay: number | undefined
}

/** smtpd or cleanup refused a command of a transaction. */
export interface Rejected extends Triplet {
  readonly kind: 'rejected'
  /** The reply code; undefined in milter replies that carry none. */
  readonly code: number | undefined
  readonly text: string
  /** The text is a greylister's. */
  readonly greylisted: boolean
  /** Seconds that the text asks to wait. */
  readonly missing: number | undefined
}

/** smtpd took a message: the client of a queue id. */
export interface Accepted {
  readonly kind: 'accepted'
  readonly queueId: string
  readonly client: string
  readonly authenticated: boolean
}

export interface Queued {
  readonly kind: 'queued'
  readonly queueId: string
  readonly sender: string
}

/** A delivery attempt. `original` is the recipient before aliases. */
export interface Delivered {
  readonly kind: 'delivered'
  readonly queueId: string
  readonly recipient: string
  readonly original: string | undefined
}

export interface Removed {
  readonly kind: 'removed'
  readonly queueId: string
}

/** smtpd could not talk to a policy server, or answered 451 4.3.5 because of one. */
export interface Unreachable {
  readonly kind: 'unreachable'
  /** The endpoint as Postfix writes it; '' for a 451 4.3.5, which does not say. */
  readonly service: string
  /** One failure can leave several of these: a warning for the connection, one for the request, and the 451 4.3.5. */
  readonly sign: 'connect' | 'talk' | 'put-off'
}

export type MailEvent = Decided | Rejected | Accepted | Queued | Delivered | Removed | Unreachable

/** What a line says about mail; undefined for lines that say nothing of interest here. Never throws. */
export function eventOf(envelope: Envelope): MailEvent | undefined {
  const daemon = envelope.program.slice(envelope.program.lastIndexOf('/') + 1)
  const body = envelope.body.length > MAX_BODY ? envelope.body.slice(0, MAX_BODY) : envelope.body
  return POSTFIX_DAEMONS.has(daemon) ? postfixEvent(daemon, body) : greylisterEvent(envelope.program, body)
}

/** Characters. Postfix and syslog write 2,000 at most; longer ones could only cost time. */
const MAX_BODY = 4096

/** Their bodies hold what clients said: a greylister's line is never looked for in them. */
const POSTFIX_DAEMONS = new Set([
  'smtpd',
  'cleanup',
  'qmgr',
  'smtp',
  'lmtp',
  'local',
  'virtual',
  'pipe',
  'error',
  'discard',
  'bounce',
  'postscreen',
  'tlsproxy',
  'dnsblog',
  'anvil',
  'master',
  'pickup',
  'trivial-rewrite',
  'verify',
  'scache',
])

/** `postfix-in` of `postfix-in/smtpd`: queue ids of different instances are different. */
export function instanceOf(program: string): string {
  const slash = program.indexOf('/')
  return slash < 0 ? '' : program.slice(0, slash)
}

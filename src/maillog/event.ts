export interface Client {
  /** Verified name, or `unknown`. */
  readonly name: string
  readonly address: string
}

interface About {
  /** greylister: its own line; postfix: what Postfix says of the same. */
  readonly by: 'greylister' | 'postfix'
  readonly client: Client
  /** Empty: the null sender. */
  readonly sender: string
  readonly recipient: string
}

/** A first mail or an early retry was asked to come back. */
export interface Deferred extends About {
  readonly kind: 'deferred'
  /** What the greylister says of it; undefined in Postfix's own lines. */
  readonly reason: 'new' | 'early-retry' | undefined
  /** Seconds until a retry passes, where the line says so. */
  readonly wait?: number
}

/** The greylister let a mail through: its triplet was known, a whitelist named it, or it only learns. */
export interface Passed extends About {
  readonly kind: 'passed'
  readonly reason: 'triplet' | 'whitelist' | 'learning' | 'other'
  /** The greylister's own words for it: `client whitelist`, `client AWL`. */
  readonly said: string
  /** Seconds since its first deferral: the first pass of a triplet. */
  readonly delay?: number
}

export type MailEvent =
  | Deferred
  | Passed
  /** smtpd accepted a recipient: the mail has a queue id. */
  | {
      readonly kind: 'accepted'
      readonly queueId: string
      readonly client: Client
      readonly authenticated: boolean
    }
  /** qmgr took the mail on. */
  | { readonly kind: 'queued'; readonly queueId: string; readonly sender: string }
  /** A delivery agent speaks of one recipient of it; `original` before aliases. */
  | {
      readonly kind: 'delivery'
      readonly queueId: string
      readonly recipient: string
      readonly original: string | undefined
    }
  | { readonly kind: 'removed'; readonly queueId: string }
  /** Postfix could not ask a policy service (`connect`, `talk`), or answered 451 4.3.5 (`policy`: no usable answer; `configuration`: a bad restriction). */
  | { readonly kind: 'trouble'; readonly what: 'connect' | 'talk' | 'policy' | 'configuration' }
  /** The log lacks messages: journald or rsyslog says how many it left out. */
  | { readonly kind: 'lost'; readonly count: number }
  /** A greylister was at work, and does not say on whom. */
  | { readonly kind: 'decided' }
  /** The greylister itself gave up on requests and let mail through. */
  | { readonly kind: 'failed-open' }

const POSTFIX_DAEMON = /(?:^|\/)([a-z_-]+)$/

/** `postfix/smtpd`, `postfix-in/submission/smtpd`, `smtpd`; not Debian's policyd 1, which called itself postfix-policyd. */
export function isPostfix(program: string): boolean {
  if (program === 'postfix-policyd') return false
  return program.includes('/') || program.startsWith('postfix') || program === 'smtpd'
}

/** `smtpd` of `postfix/submission/smtpd`; undefined where the name tells none. */
export function postfixDaemon(program: string): string | undefined {
  const daemon = POSTFIX_DAEMON.exec(program)?.[1]
  return daemon === 'postfix' ? undefined : daemon
}

/** `postfix-in` of `postfix-in/smtpd`: queue ids of different instances are different. */
export function instanceOf(program: string): string {
  const slash = program.indexOf('/')
  return slash < 0 ? '' : program.slice(0, slash)
}

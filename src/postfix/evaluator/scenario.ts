import { isIP } from 'node:net'

/** A mail up to its first RCPT TO, as smtpd(8) sees it. */
export interface Scenario {
  readonly client: {
    /** IPv4 or IPv6 address. */
    readonly address: string
    /** Verified host name; undefined: `unknown`. */
    readonly name?: string
    /** Name by the address alone; default the verified one. */
    readonly reverseName?: string
  }
  readonly helo: string
  /** User name of SMTP AUTH; undefined: none. */
  readonly user?: string
  /** Empty: the null sender. */
  readonly sender: string
  readonly recipient: string
  /** Is there such a recipient? undefined: the tables would have to be asked. */
  readonly recipientExists?: boolean
}

/** What is known when a list is evaluated: everything at RCPT TO, less before that (smtpd_delay_reject = no). */
export interface Known {
  readonly client: Scenario['client']
  readonly user: string | undefined
  readonly helo: string | undefined
  readonly sender: string | undefined
  readonly recipient: string | undefined
  readonly recipientExists: boolean | undefined
  /** The domain that ETRN names (RFC 1985); undefined for a mail. */
  readonly etrn?: string
}

export const UNKNOWN_NAME = 'unknown'

export function clientName(known: Known): string {
  return known.client.name ?? UNKNOWN_NAME
}

export function reverseName(known: Known): string {
  return known.client.reverseName ?? clientName(known)
}

/** The domain of an address; undefined for one that smtpd rewrites in ways that are not modelled (no `@`, routes, quotes). */
export function domainOf(address: string): string | undefined {
  const match = /^[^@%!:"\\\s<>(),;]+@([^@\s]+)$/.exec(address)
  const domain = match?.[1]?.toLowerCase().replace(/\.$/, '')
  return domain === undefined || domain.startsWith('[') || isIP(domain) !== 0 ? undefined : domain
}

import type { SpfSenders } from './spf-rules.js'

/**
 * How a pool of machines is written where a network stands otherwise. A retry from any machine of a pool counts as one from
 * the machine that was deferred (docs/decisions/0007-pools.md). No address and no host name begins with these characters.
 */
export type Pool = string

/** The machines whose verified names belong to an organisation (organisation.ts). */
export function namedPool(domain: string): Pool {
  return `@${domain}`
}

/** The machines that may send for a domain (spf.ts). */
export function senderPool(domain: string): Pool {
  return `=${domain}`
}

/**
 * Of the pools that a client shares, those whose machines pass by what others of them have done (the automatic whitelist). A
 * record that lists many networks vouches for a retry only: anybody can publish one, for machines of anybody.
 */
export function deservingOf(
  pools: readonly Pool[],
  senders: (domain: string) => SpfSenders | undefined,
): readonly Pool[] {
  const last = pools.at(-1)
  if (last === undefined || !isSenderPool(last)) return pools
  return senders(poolDomain(last))?.close ? pools : pools.slice(0, -1)
}

/** senderPool's, not namedPool's. */
export function isSenderPool(pool: Pool): boolean {
  return pool.charAt(0) === '='
}

/** Whose pool it is. */
export function poolDomain(pool: Pool): string {
  return pool.slice(1)
}

/** The surest first: of the client's verified name, and of the sender's domain where it authorises the client. */
export function poolsOf(organisation: string | undefined, domain: string | undefined): readonly Pool[] {
  const named = organisation === undefined ? [] : [namedPool(organisation)]
  return domain === undefined ? named : [...named, senderPool(domain)]
}

export function isPool(text: string): text is Pool {
  return /^[@=][a-z0-9_.-]+$/.test(text)
}

/** The domain of an envelope sender, lower case; undefined for the null sender and for what is no domain name. */
export function senderDomain(sender: string): string | undefined {
  const domain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase()
  const isName =
    /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9])?)+$/.test(domain)
  return sender.includes('@') && isName ? domain : undefined
}

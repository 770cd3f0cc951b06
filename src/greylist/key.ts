import { type AddressBytes, formatAddress, maskAddress } from './address.js'
import { lowerCase } from './lower-case.js'
import type { Policy } from './policy.js'
import type { PolicyRequest } from './request.js'

/** Separates the parts of a triplet. A line feed cannot occur in an attribute, so the parts can be told apart again. */
const SEPARATOR = '\n'

/** Triplets and clients live in one store; the first character of the key says which. */
export const TRIPLET = 't'
export const CLIENT = 'c'
/** Mail that an administrator waits for (expected.ts). */
export const EXPECTED = 'e'
/** Somebody whom an own user wrote to (correspondent.ts). */
export const CORRESPONDENT = 'o'

/** Under what is remembered about a mail: once for each way in which its client is known, the surest first. */
export interface Keys {
  /** Its network is the last. */
  readonly triplets: readonly string[]
  /** Its address is the last. */
  readonly clients: readonly string[]
}

export interface Triplet {
  /** A network, or a pool (pool.ts). */
  readonly network: string
  readonly sender: string
  readonly recipient: string
}

/**
 * `pools`: the verified organisations that the client belongs to (pool.ts). Without any, the keys are postgrey's. `deserving`:
 * those of them that have a place on the automatic whitelist of their own.
 */
export function keysOf(
  request: PolicyRequest,
  address: AddressBytes,
  policy: Pick<Policy, 'ipv4Prefix' | 'ipv6Prefix' | 'seal'>,
  pools: readonly string[] = [],
  deserving = pools,
): Keys {
  const prefix = address.length === 4 ? policy.ipv4Prefix : policy.ipv6Prefix
  const sender = lowerCase(stableSender(request.sender))
  const recipient = lowerCase(request.recipient)
  const triplets: string[] = []
  const clients: string[] = []
  for (const network of pools) triplets.push(tripletKey({ network, sender, recipient }))
  for (const pool of deserving) clients.push(CLIENT + pool)
  triplets.push(tripletKey({ network: formatAddress(maskAddress(address, prefix)), sender, recipient }))
  clients.push(CLIENT + formatAddress(address))
  const { seal } = policy
  if (seal === undefined) return { triplets, clients }
  const sealed = (key: string) => sealedKey(key, seal)
  return { triplets: triplets.map(sealed), clients: clients.map(sealed) }
}

/** What is stored instead of a key that tells who wrote to whom. */
export function sealedKey(key: string, seal: (text: string) => string): string {
  return key.charAt(0) + SEAL + seal(key)
}

/** Stands where no network and no address begins. */
export const SEAL = '#'

/** Whether a key of the store says nothing about who wrote to whom. */
export function isSealed(key: string): boolean {
  return key.charAt(1) === SEAL
}

export function tripletKey({ network, sender, recipient }: Triplet): string {
  return `${TRIPLET}${network}${SEPARATOR}${sender}${SEPARATOR}${recipient}`
}

/** The triplet in a key; undefined for other keys, and for those that a store cut because of their length. */
export function tripletOf(key: string): Triplet | undefined {
  const [network, sender, recipient] = key.slice(1).split(SEPARATOR)
  if (!key.startsWith(TRIPLET) || network === undefined || sender === undefined || recipient === undefined)
    return undefined
  return { network, sender, recipient }
}

/**
 * The sender without what changes from try to try, as postgrey cuts it: the tag of BATV (`prvs=…`), everything from
 * the first `+` on, and each run of digits between word boundaries becomes `#` (VERP, mailing lists). Only what
 * stands before the first @ changes.
 */
export function stableSender(sender: string): string {
  const at = sender.indexOf('@')
  if (at < 0) return sender
  const whole = sender.slice(0, at)
  // most senders have nothing that changes: one look, instead of two replacements
  if (!CHANGING.test(whole)) return sender
  const local = withoutTag(whole)
    .replace(/\+.*/s, '')
    .replace(/\b\d+\b/g, '#')
  return local + sender.slice(at)
}

const CHANGING = /\+|\b\d|^prvs=/

const TAG = /^[0-9a-z]{10}/

/** draft-levine-smtp-batv: `prvs=TAG=LOCAL`; some senders write `prvs=LOCAL=TAG`. */
function withoutTag(local: string): string {
  if (!local.startsWith('prvs=')) return local
  // empty fields at the end do not count (Perl's split)
  const fields = local.replace(/=+$/, '').split('=')
  const [, second, third] = fields
  if (fields.length !== 3 || second === undefined || third === undefined) return local
  return TAG.test(third) && !TAG.test(second) ? second : third
}

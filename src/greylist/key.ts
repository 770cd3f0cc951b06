import { type AddressBytes, formatAddress, maskAddress } from './address.js'
import type { Policy } from './policy.js'
import type { PolicyRequest } from './request.js'

/** Separates the parts of a triplet. A line feed cannot occur in an attribute, so the parts can be told apart again. */
const SEPARATOR = '\n'

/** Triplets and clients live in one store; the first character of the key says which. */
export const TRIPLET = 't'
export const CLIENT = 'c'

export interface Keys {
  readonly triplet: string
  readonly client: string
}

export interface Triplet {
  readonly network: string
  readonly sender: string
  readonly recipient: string
}

export function keysOf(
  request: PolicyRequest,
  address: AddressBytes,
  policy: Pick<Policy, 'ipv4Prefix' | 'ipv6Prefix'>,
): Keys {
  const prefix = address.length === 4 ? policy.ipv4Prefix : policy.ipv6Prefix
  return {
    triplet: tripletKey({
      network: formatAddress(maskAddress(address, prefix)),
      sender: lowerCase(stableSender(request.sender)),
      recipient: lowerCase(request.recipient),
    }),
    client: CLIENT + formatAddress(address),
  }
}

export function tripletKey({ network, sender, recipient }: Triplet): string {
  return TRIPLET + [network, sender, recipient].join(SEPARATOR)
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
  const local = withoutTag(sender.slice(0, at))
    .replace(/\+.*/s, '')
    .replace(/\b\d+\b/g, '#')
  return local + sender.slice(at)
}

const TAG = /^[0-9a-z]{10}/

/** draft-levine-smtp-batv: `prvs=TAG=LOCAL`; some senders write `prvs=LOCAL=TAG`. */
function withoutTag(local: string): string {
  if (!local.startsWith('prvs=')) return local
  const fields = local.split('=')
  const [, second, third] = fields
  if (fields.length !== 3 || second === undefined || third === undefined) return local
  return TAG.test(third) && !TAG.test(second) ? second : third
}

/** ASCII only: other bytes are parts of UTF-8 characters, whose case is not ours to know. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

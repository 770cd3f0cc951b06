import { formatAddress, maskAddress, parseAddress } from '../greylist/address.js'
import { CLIENT, tripletKey, tripletOf } from '../greylist/key.js'
import type { GreyRecord } from '../greylist/record.js'

export type Imported = readonly [key: string, record: GreyRecord]

/** How postgrey was run, and how long our networks are. */
export interface PostgreyRules {
  /** Seconds: what its triplets had to wait. */
  readonly delay: number
  readonly ipv4Prefix: number
  readonly ipv6Prefix: number
}

/**
 * A record of postgrey.db: `network/sender/recipient` to `first,last` (and in old versions a third field). With
 * --lookup-by-host the address has its length behind it, `192.0.2.5/32/…`. undefined for what is none, hashes of
 * --privacy among them. Texts hold a character a byte.
 */
export function tripletRecord(key: string, value: string, rules: PostgreyRules): Imported | undefined {
  const times = /^(\d{1,10}),(\d{1,10})(?:,|$)/.exec(value)
  const parts = /^([\da-f.:]+)(?:\/(?:32|128))?\/(.*)$/s.exec(key)
  const address = parts?.[1] === undefined ? undefined : parseAddress(parts[1])
  const mailboxes = parts?.[2] === undefined ? undefined : splitMailboxes(parts[2])
  if (!times || address === undefined || mailboxes === undefined || /\n/.test(key)) return undefined
  const [first, last] = [Number(times[1]), Number(times[2])]
  const prefix = address.length === 4 ? rules.ipv4Prefix : rules.ipv6Prefix
  const network = formatAddress(maskAddress(address, prefix))
  const passed = last - first >= rules.delay
  return [tripletKey({ network, ...mailboxes }), { first, last, count: passed ? 1 : 0 }]
}

/** A mail address may hold a slash: the first one after which a sender has ended. Bounces have none. */
function splitMailboxes(text: string): { sender: string; recipient: string } | undefined {
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) {
    const sender = text.slice(0, at)
    if (sender === '' || /@[^@/]*$/.test(sender)) return { sender, recipient: text.slice(at + 1) }
  }
  // a sender without a domain
  const at = text.indexOf('/')
  return at < 0 ? undefined : { sender: text.slice(0, at), recipient: text.slice(at + 1) }
}

/** A record of postgrey_clients.db: an address to `count,last`. */
export function clientRecord(key: string, value: string): Imported | undefined {
  const found = /^(\d{1,9}),(\d{1,10})$/.exec(value)
  const address = parseAddress(key)
  if (!found || address === undefined) return undefined
  const last = Number(found[2])
  return [CLIENT + formatAddress(address), { first: last, last, count: Number(found[1]) }]
}

/** postgrey --privacy: SHA-1 in hexadecimal. Nobody can say of whom. */
export function isHashed(key: string): boolean {
  return /^[\da-f]{40}$/.test(key)
}

/** The same backwards, for db5.3_load; undefined for keys that postgrey has no word for. */
export function postgreyPair(
  key: string,
  { first, last, count }: GreyRecord,
  delay: number,
): readonly ['triplets' | 'clients', string, string] | undefined {
  if (key.startsWith(CLIENT)) {
    const address = parseAddress(key.slice(1))
    if (address === undefined) return undefined
    return ['clients', formatAddress(address).toUpperCase(), `${count},${last}`]
  }
  const triplet = tripletOf(key)
  // a pool is known by its networks, too
  if (triplet === undefined || parseAddress(triplet.network) === undefined) return undefined
  const { network, sender, recipient } = triplet
  // postgrey knows by the two times alone whether a triplet has passed
  const seen = count > 0 ? Math.max(last, first + delay) : Math.min(last, first + delay - 1)
  return ['triplets', `${network}/${sender}/${recipient}`, `${first},${seen}`]
}

import ipaddr from 'ipaddr.js'

/** An address as 4 or 16 bytes, most significant first. */
export type AddressBytes = readonly number[]

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/
const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]

/** undefined for anything that is no address. `::ffff:192.0.2.1` is the IPv4 address that it stands for. */
export function parseAddress(text: string): AddressBytes | undefined {
  const quad = IPV4.exec(text)
  if (quad) {
    const bytes = [Number(quad[1]), Number(quad[2]), Number(quad[3]), Number(quad[4])]
    return Math.max(...bytes) <= 255 ? bytes : undefined
  }
  if (text.length > 64 || !text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text))
    return undefined
  const bytes = ipaddr.IPv6.parse(text).toByteArray()
  return MAPPED_PREFIX.every((byte, index) => bytes[index] === byte) ? bytes.slice(12) : bytes
}

/** The network of the first `prefix` bits. */
export function maskAddress(bytes: AddressBytes, prefix: number): AddressBytes {
  return bytes.map((byte, index) => {
    const bits = Math.min(8, Math.max(0, prefix - index * 8))
    return byte & (0xff00 >> bits) & 0xff
  })
}

/** IPv4 as a dotted quad, IPv6 as eight groups without leading zeros (no `::`): one spelling an address. */
export function formatAddress(bytes: AddressBytes): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
  const groups: string[] = []
  for (let index = 0; index < bytes.length; index += 2) {
    groups.push((((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)).toString(16))
  }
  return groups.join(':')
}

export interface Network {
  readonly bytes: AddressBytes
  readonly prefix: number
}

export function inNetwork(address: AddressBytes, network: Network): boolean {
  if (address.length !== network.bytes.length) return false
  const masked = maskAddress(address, network.prefix)
  return masked.every((byte, index) => byte === network.bytes[index])
}

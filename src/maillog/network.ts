import ipaddr from 'ipaddr.js'

const QUAD = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/

/** The /24 or /64 that greylisters take for one client; the text itself when it is no address. */
export function networkOf(address: string): string {
  const quad = QUAD.exec(address)
  if (quad) return `${quad[1]}.0`
  if (!address.includes(':') || address.length > 64 || !ipaddr.IPv6.isValid(address))
    return address.toLowerCase()
  const full = ipaddr.IPv6.parse(address)
  if (full.isIPv4MappedAddress()) return networkOf(full.toIPv4Address().toString())
  return full.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')
}

/** This host itself. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.')
}

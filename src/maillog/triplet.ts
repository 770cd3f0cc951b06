import ipaddr from 'ipaddr.js'
import type { Client } from './event.js'

const IPV4 = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/
const MAPPED = /^::ffff:(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/i

/** The network that counts as one client: /24, for IPv6 /64 (RFC 6647 §5). What is no address stays as it is. */
export function clientNetwork(address: string): string {
  const ipv4 = IPV4.exec(address) ?? MAPPED.exec(address)
  if (ipv4) return ipv4[1] ?? address
  if (!address.includes(':') || address.length > 64 || !ipaddr.IPv6.isValid(address)) return address
  const parsed = ipaddr.IPv6.parse(address)
  if (parsed.isIPv4MappedAddress()) return clientNetwork(parsed.toIPv4Address().toString())
  const groups = parsed.parts.slice(0, 4).map((part) => part.toString(16))
  return `${groups.join(':')}::/64`
}

/**
 * One spelling of an address for all programs: greylisters log it as it came, Postfix quotes it and writes ? for what
 * it will not print.
 */
export function normalAddress(address: string): string {
  const lower = address.toLowerCase()
  if (/^[!#-[\]-~]*$/.test(lower)) return lower
  return lower.replace(/["\\]/g, '').replace(/[^\x20-\x7e?]+/g, '?')
}

export function pairKey(sender: string, recipient: string): string {
  return `${normalAddress(sender)}\n${normalAddress(recipient)}`
}

/** `name[address]`, as Postfix writes a client. */
export function clientText({ name, address }: Client): string {
  return `${name}[${address}]`
}

const PROBE = /^greyctl-probe@/i

/**
 * greyctl's own questions to smtpd, which reports leave out. Where the null sender had to ask for root, its address
 * tells: a documentation or benchmarking network (RFC 3849, RFC 2544).
 */
export function isProbe(client: Client, sender: string, recipient: string): boolean {
  if (PROBE.test(sender) || PROBE.test(recipient)) return true
  return sender === '' && /^root@/i.test(recipient) && /^(?:2001:db8:|198\.1[89]\.)/i.test(client.address)
}

const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/i

/** Is the address in one of the networks (`192.0.2.0/24`, `[2001:db8::]/32`, single addresses)? Words of other kinds match nothing. */
export function inNetworks(networks: readonly string[]): (address: string) => boolean {
  const parsed = networks.flatMap((text) => {
    const [, base = '', , length] = /^\[?([0-9A-Fa-f.:]+)\]?(\/(\d{1,3}))?$/.exec(text) ?? []
    if (!ipaddr.isValid(base)) return []
    const address = ipaddr.process(base)
    const bits = address.kind() === 'ipv4' ? 32 : 128
    return [{ address, length: length === undefined ? bits : Math.min(Number(length), bits) }]
  })
  return (text) => {
    if (LOOPBACK.test(text)) return true
    if (parsed.length === 0 || !ipaddr.isValid(text)) return false
    const client = ipaddr.process(text)
    return parsed.some(
      ({ address, length }) => address.kind() === client.kind() && client.match(address, length),
    )
  }
}

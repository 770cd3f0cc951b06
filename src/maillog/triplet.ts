import ipaddr from 'ipaddr.js'
import { PLAIN, skip } from './bytes.js'
import type { Client } from './event.js'
import type { Fingerprint } from './fingerprint.js'

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

/** clientNetwork's fingerprint. An IPv4 address, nearly always, makes no string. */
export function addNetwork(print: Fingerprint, bytes: Buffer, from = 0, to = bytes.length): void {
  let [dots, last] = [0, 0]
  for (let at = from; at < to; at += 1) {
    const code = bytes[at] as number
    if (code === 46) {
      dots += 1
      last = at
    } else if (code < 48 || code > 57) {
      print.add(Buffer.from(clientNetwork(bytes.toString('utf8', from, to))))
      return
    }
  }
  print.add(bytes, from, dots === 3 ? last : to)
}

/**
 * One spelling of an address for all programs: greylisters log it as it came, Postfix quotes it and writes a ? for
 * each byte that it will not print.
 */
export function normalAddress(address: string): string {
  const lower = address.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  return lower.replace(/["\\]/g, '').replace(/[^\x20-\x3e\x40-\x7e]+/g, '?')
}

/** normalAddress' fingerprint. An address of plain letters, nearly always, makes no string. */
export function addAddress(print: Fingerprint, bytes: Buffer, from = 0, to = bytes.length): void {
  // in Latin-1 as in UTF-8, what is not ASCII becomes one ? in a row
  if (skip(bytes, PLAIN, from, to) === to) print.add(bytes, from, to)
  else print.add(Buffer.from(normalAddress(bytes.toString('latin1', from, to))))
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

/** Is the address that stands there one of these networks'? */
export type IsOwn = (bytes: Buffer, from: number, to: number) => boolean

/** Is the address in one of the networks (`192.0.2.0/24`, `[2001:db8::]/32`, single addresses)? Words of other kinds match nothing. */
export function inNetworks(networks: readonly string[]): (address: string) => boolean {
  const isIn = standsInNetworks(networks)
  return (address) => {
    const bytes = Buffer.from(address)
    return isIn(bytes, 0, bytes.length)
  }
}

/** The same of an address where it lies in a block of the log. */
export function standsInNetworks(networks: readonly string[]): IsOwn {
  const parsed = networks.flatMap((text) => {
    const [, base = '', , length] = /^\[?([0-9A-Fa-f.:]+)\]?(\/(\d{1,3}))?$/.exec(text) ?? []
    if (!ipaddr.isValid(base)) return []
    const address = ipaddr.process(base)
    const bits = address.kind() === 'ipv4' ? 32 : 128
    return [{ address, length: length === undefined ? bits : Math.min(Number(length), bits) }]
  })
  const ipv4 = parsed
    .filter(({ address }) => address.kind() === 'ipv4')
    .map(({ address, length }) => {
      const mask = length === 0 ? 0 : -1 << (32 - length)
      const bytes = Buffer.from(address.toString())
      return { mask, base: (ipv4Bits(bytes, 0, bytes.length) ?? 0) & mask }
    })
  return (bytes, from, to) => {
    const bits = ipv4Bits(bytes, from, to)
    if (bits !== undefined)
      return bits >>> 24 === 127 || ipv4.some(({ mask, base }) => (bits & mask) === base)
    const text = bytes.toString('latin1', from, to)
    if (LOOPBACK.test(text)) return true
    if (parsed.length === 0 || !ipaddr.isValid(text)) return false
    const client = ipaddr.process(text)
    return parsed.some(
      ({ address, length }) => address.kind() === client.kind() && client.match(address, length),
    )
  }
}

/** An IPv4 address as a number: asked for each message of a log (ipaddr.js took a seventeenth of the whole run). */
function ipv4Bits(bytes: Uint8Array, from: number, to: number): number | undefined {
  let bits = 0
  let part = 0
  let dots = 0
  for (let at = from; at < to; at += 1) {
    const digit = (bytes[at] as number) - 48
    if (digit >= 0 && digit <= 9) part = part * 10 + digit
    else if (digit === -2 && part < 256) {
      bits = (bits << 8) | part
      part = 0
      dots += 1
    } else return undefined
  }
  return dots === 3 && part < 256 ? (bits << 8) | part : undefined
}

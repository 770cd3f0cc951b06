import { getDomain } from 'tldts'
import type { Client } from '../event.js'

/** The registrable domain of a host or mail domain (by the public suffix list); undefined where it has none. */
export function registrable(host: string): string | undefined {
  return host.length > 255 ? undefined : (getDomain(host.toLowerCase()) ?? undefined)
}

export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}

/** Postfix logs a name only when the address leads to it and back (postconf(5), smtpd_client reverse lookups). */
export function isConfirmed({ name }: Client): boolean {
  return name !== '' && name !== 'unknown'
}

const SERVER_LABEL =
  /(?:^|[.-])(?:e?mail|mx|smtp|mta|mout|mailout|out|outbound|relay|mailer|bounces?|lists?|newsletter|mailgw|postfix|exchange)(?:server|host|relay|gw|out)?\d*(?=[.-]|$)/

/** Does the host call itself a mail server, in what stands before its domain? */
export function isServerName(name: string): boolean {
  const host = name.toLowerCase()
  const domain = registrable(host)
  return SERVER_LABEL.test(domain === undefined ? host : host.slice(0, -domain.length))
}

const LINE_LABEL =
  /(?:^|[.\d-])(?:a?dsl|x?dsl|dyn(?:amic)?|dynip|pools?|ppp\w*|pppoe|dial-?(?:up|in)?|cable|cust(?:omer)?|dhcp|broadband|fiber|ftth|client|res(?:idential)?|mobile|gprs|umts|lte|nat|user)\d*(?=[.\d-]|$)/

/** The name of a subscriber's line: it says so, or spells its address out and is no mail server's. */
export function isLineName({ name, address }: Client): boolean {
  const host = name.toLowerCase()
  if (LINE_LABEL.test(host)) return true
  const octets = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(address) ? address.split('.') : []
  const numbers: readonly string[] = host.match(/\d+/g) ?? []
  return (
    octets.length === 4 && octets.slice(2).every((octet) => numbers.includes(octet)) && !isServerName(host)
  )
}

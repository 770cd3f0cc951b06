import { compareLevels } from '../expand.js'
import type { Settings } from '../settings.js'
import { listed } from './access.js'
import { matchDomain, matchString } from './match-list.js'
import type { Answer } from './opinion.js'
import { domainOf } from './scenario.js'
import type { Tables } from './tables.js'

/** Where an address goes: smtpd asks trivial-rewrite(8). A string: why it is not known. */
export type Destination = 'final' | 'relay' | 'elsewhere' | { readonly unsure: string }

const FINAL = ['mydestination', 'virtual_alias_domains', 'virtual_mailbox_domains'] as const

export function destinationOf(address: string, settings: Settings, tables: Tables): Destination {
  const domain = domainOf(address)
  if (domain === undefined) return { unsure: 'an address like this is not modelled' }
  let why: string | undefined
  for (const name of FINAL) {
    const answer = matchString(settings.get(name), domain, tables)
    if (answer === true) return 'final'
    if (typeof answer === 'string') why ??= `${name}: ${answer}`
  }
  const relay = isRelayDomain(domain, settings, tables)
  if (why !== undefined) return { unsure: why }
  if (typeof relay === 'string') return { unsure: relay }
  return relay ? 'relay' : 'elsewhere'
}

export function isRelayDomain(domain: string, settings: Settings, tables: Tables): Answer {
  const parents = listed(settings.get('parent_domain_matches_subdomains'), 'relay_domains')
  const answer = matchDomain(settings.get('relay_domains'), domain, parents, tables)
  return typeof answer === 'string' ? `relay_domains: ${answer}` : answer
}

/** Does mail for this address end here or in a relay domain? */
export function isAuthorized(address: string, settings: Settings, tables: Tables): Answer {
  const destination = destinationOf(address, settings, tables)
  return typeof destination === 'object' ? destination.unsure : destination !== 'elsewhere'
}

/** Restrictions that Postfix no longer knows answer with an error (RELEASE_NOTES-3.9). */
export function isRemoved(name: string, version: string): boolean {
  const removed = new Set(['check_relay_domains', 'permit_naked_ip_address', 'reject_maps_rbl'])
  return removed.has(name) && compareLevels(version, '3.9') >= 0
}

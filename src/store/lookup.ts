import { formatAddress, maskAddress, parseAddress } from '../greylist/address.js'
import { parseClientTable } from '../greylist/client-table.js'
import { CLIENT, stableSender, tripletKey } from '../greylist/key.js'
import { lowerCase } from '../greylist/lower-case.js'
import { organisationOf } from '../greylist/organisation.js'
import { namedPool, senderDomain, senderPool } from '../greylist/pool.js'
import type { Mail, Rules, Wanted } from './known.js'

/** Without the table that tells access lines from servers more names have an organisation: nothing is stored under those. */
const { table: NO_LINES } = parseClientTable('', '')

/** Every key under which the triplet of a mail may be known, in clear: of the network, and of the pools it may belong to. */
export function keysOfMail({ client, clientName = '', sender, recipient }: Mail, rules: Rules): string[] {
  const organisation = organisationOf(clientName, NO_LINES)
  const domain = senderDomain(sender)
  const networks = [
    ...networksOf(client, rules),
    ...(organisation === undefined ? [] : [namedPool(organisation)]),
    ...(domain === undefined ? [] : [senderPool(domain)]),
  ]
  const parts = { sender: lowerCase(stableSender(sender)), recipient: lowerCase(recipient) }
  return networks.map((network) => tripletKey({ network, ...parts }))
}

/** Under what a client or a pool is counted. */
export function keysOfSubject(subject: Wanted, rules: Rules): string[] {
  if (subject.kind === 'client') return [CLIENT + subject.address]
  if (subject.kind === 'domain')
    return [namedPool(subject.domain), senderPool(subject.domain)].map((pool) => CLIENT + pool)
  return subject.kind === 'mail' ? keysOfMail(subject, rules) : []
}

function networksOf(client: string, rules: Rules): string[] {
  const address = parseAddress(client)
  if (address === undefined) return [namedPool(lowerCase(client.replace(/^[@=]/, '')))]
  const prefix = address.length === 4 ? rules.ipv4Prefix : rules.ipv6Prefix
  return [formatAddress(maskAddress(address, prefix))]
}

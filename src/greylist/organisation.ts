import { getDomain } from 'tldts'
import { CHECKED_ACTION, type ClientTable } from './client-table.js'

/** Lines and machines that are rented: their names belong to the provider, their mail to its customers. */
const RENTED =
  /(^|[.-])(biz|business|clients?|colo|compute|corp|cust|customers?|dedicated|fixed|hosted|hosted-by|instances?|static|unassigned|vds|vps|vserver)[0-9]*[.-]/i

/** Whether a verified name looks like the line of an access provider's customer. `unknown` is no name. */
export function isAccessLine(clientName: string, lines: ClientTable): boolean {
  return clientName !== 'unknown' && lines.lookup(clientName)?.action === CHECKED_ACTION
}

/**
 * The organisation that a client's verified name belongs to: its registrable domain by the Public Suffix List, lower case,
 * private suffixes included (tenants of a cloud are not one organisation). undefined where the name says nothing:
 * `unknown`, a public suffix, rented machines, and names that look like the lines of an access provider's customers, who are
 * not one pool.
 * smtpd(8) gives only names that lead back to the address, so nobody can claim another's (RFC 8601 §2.7.3, iprev).
 */
export function organisationOf(clientName: string, lines: ClientTable): string | undefined {
  if (!/^[a-z0-9._-]{1,253}$/i.test(clientName) || clientName === 'unknown') return undefined
  if (RENTED.test(clientName) || isAccessLine(clientName, lines)) return undefined
  return getDomain(clientName, OPTIONS) ?? undefined
}

const OPTIONS = { allowPrivateDomains: true, validateHostname: true, detectIp: true } as const

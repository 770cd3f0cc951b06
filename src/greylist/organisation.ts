import { getDomain } from 'tldts'
import { CHECKED_ACTION, type ClientTable } from './client-table.js'

/** Lines that are rented as fixed ones: their names belong to the provider, their mail to its customers. */
const FIXED_LINE = /(^|[.-])(biz|business|corp|dedicated|fixed|static)[.-]/i

/**
 * The organisation that a client's verified name belongs to: its registrable domain by the Public Suffix List, lower case,
 * private suffixes included (tenants of a cloud are not one organisation). undefined where the name says nothing:
 * `unknown`, a public suffix, and names that look like the lines of an access provider's customers, who are not one pool.
 * smtpd(8) gives only names that lead back to the address, so nobody can claim another's (RFC 8601 §2.7.3, iprev).
 */
export function organisationOf(clientName: string, lines: ClientTable): string | undefined {
  if (!/^[a-z0-9._-]{1,253}$/i.test(clientName) || clientName === 'unknown') return undefined
  if (FIXED_LINE.test(clientName) || lines.lookup(clientName)?.action === CHECKED_ACTION) return undefined
  return getDomain(clientName, OPTIONS) ?? undefined
}

const OPTIONS = { allowPrivateDomains: true, validateHostname: true, detectIp: true } as const

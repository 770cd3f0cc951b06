import ipaddr from 'ipaddr.js'
import { listWords } from '../restriction-list.js'
import type { Answer } from './opinion.js'
import { lookup, readNetwork, type Tables } from './tables.js'

/** match_list(3): the first pattern that matches decides; `!pattern` says no. A file or table that is not at hand: unknown. */
function matchList(
  list: string,
  tables: Tables,
  matches: (pattern: string) => boolean,
  keys: readonly string[],
): Answer {
  for (const word of listWords(list)) {
    const negated = word.startsWith('!')
    const pattern = negated ? word.replace(/^!+/, '') : word
    const found = isTable(pattern) ? inTable(pattern, tables, keys) : matches(pattern)
    if (typeof found === 'string') return found
    if (found) return !negated
  }
  return false
}

function isTable(pattern: string): boolean {
  return pattern.startsWith('/') || /^[a-z_]+:(?!:)[^\]]/.test(pattern)
}

function inTable(spec: string, tables: Tables, keys: readonly string[]): Answer {
  if (spec.startsWith('/')) return `the file ${spec} would have to be read`
  for (const key of keys) {
    const found = lookup(spec, key, tables)
    if (found.unsure !== undefined) return found.unsure
    if (found.value !== undefined) return true
  }
  return false
}

/** string_list(3): mydestination, virtual_alias_domains, virtual_mailbox_domains. */
export function matchString(list: string, text: string, tables: Tables): Answer {
  return matchList(list, tables, (pattern) => pattern.toLowerCase() === text, [text])
}

/** domain_list(3): relay_domains. `parents`: a domain stands for its subdomains too; else `.domain` does. */
export function matchDomain(list: string, domain: string, parents: boolean, tables: Tables): Answer {
  const matches = (pattern: string) => {
    const wanted = pattern.toLowerCase()
    if (wanted.startsWith('.')) return !parents && domain.endsWith(wanted)
    return wanted === domain || (parents && domain.endsWith(`.${wanted}`))
  }
  return matchList(list, tables, matches, parents ? parentsOf(domain, '') : parentsOf(domain, '.'))
}

/** The domain, then its parents with that in front: `.` or nothing. */
export function parentsOf(domain: string, front: '' | '.'): readonly string[] {
  const labels = domain.split('.')
  return labels.map((_, at) => (at === 0 ? domain : front + labels.slice(at).join('.')))
}

/** namadr_list(3): mynetworks. Names do not count there. */
export function matchAddress(list: string, address: string, tables: Tables): Answer {
  const asked = ipaddr.process(address)
  return matchList(list, tables, (pattern) => holds(pattern, asked), [address])
}

function holds(pattern: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const network = readNetwork(pattern)
  return network !== undefined && network[0].kind() === address.kind() && address.match(network as never)
}

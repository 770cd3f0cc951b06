import { type AddressBytes, type Network, NetworkSet, parseNetwork } from './address.js'
import { expressionIn, type ListText, type ListWarning, readEntries } from './list-file.js'

/** Clients that are never greylisted, by verified host name or by address. */
export interface ClientList {
  readonly size: number
  matches(name: string, address: AddressBytes): boolean
}

interface Entries {
  readonly expressions: RegExp[]
  readonly networks: Network[]
  readonly suffixes: Set<string>
}

/**
 * postgrey's format (postgrey(8), --whitelist-clients), the first that fits a line: `/expression/` over the host name;
 * an IPv4 address, network or its first two or three octets; an IPv6 address or network; else a host name, which
 * stands for all names below it too.
 */
export function parseClientList(files: readonly ListText[]): {
  readonly list: ClientList
  readonly warnings: readonly ListWarning[]
} {
  const entries: Entries = { expressions: [], networks: [], suffixes: new Set() }
  const warnings = readEntries(files, (entry) => addEntry(entries, entry))
  return { list: clientList(entries), warnings }
}

function addEntry(entries: Entries, entry: string): string | undefined {
  const expression = expressionIn(entry)
  if (typeof expression === 'string') return expression
  if (expression !== undefined) {
    entries.expressions.push(expression)
    return undefined
  }
  if (/\s/.test(entry)) return "doesn't look like a hostname"
  const network = parseNetwork(entry)
  if (network === undefined && /^[\d./]+$/.test(entry)) return "doesn't look like an address or network"
  if (network) entries.networks.push(network)
  else entries.suffixes.add(entry.toLowerCase().replace(/^\.+|\.+$/g, ''))
  return undefined
}

function clientList({ expressions, networks, suffixes }: Entries): ClientList {
  const within = new NetworkSet(networks)
  return {
    size: expressions.length + networks.length + suffixes.size,
    matches(name, address) {
      if (suffixes.size > 0 && hasSuffix(suffixes, name.toLowerCase())) return true
      if (within.has(address)) return true
      return expressions.some((expression) => expression.test(name))
    },
  }
}

/** The name itself, or any name it lies below. */
export function hasSuffix(suffixes: ReadonlySet<string>, name: string): boolean {
  let rest = name
  while (rest !== '') {
    if (suffixes.has(rest)) return true
    const dot = rest.indexOf('.')
    if (dot < 0) return false
    rest = rest.slice(dot + 1)
  }
  return false
}

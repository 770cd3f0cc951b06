import ipaddr from 'ipaddr.js'
import { scanLogicalLines } from '../logical-lines.js'
import { listWords } from '../restriction-list.js'

/** A lookup: the key's value; undefined: not found. */
export type Lookup = (key: string) => string | undefined

/** Lookup tables that the caller has read, by `type:name` as written; undefined: not at hand. */
export type Tables = (spec: string) => Lookup | undefined

export interface Found {
  readonly value?: string | undefined
  /** The table could not be asked. */
  readonly unsure?: string
}

/** Tables that hold patterns are asked for whole keys alone: no parent domains, no networks (DICT_FLAG_PATTERN). */
export function isPatternTable(spec: string): boolean {
  return /^(?:proxy:)?(regexp|pcre|cidr):/.test(spec)
}

export function lookup(spec: string, key: string, tables: Tables): Found {
  const [, type = '', name = ''] = /^([A-Za-z_]+):([\s\S]*)$/.exec(spec) ?? []
  const table = type === 'static' ? staticTable(name) : type === 'inline' ? inlineTable(name) : tables(spec)
  if (table === undefined) return { unsure: `the table ${spec} would have to be asked` }
  const folded = isPatternTable(spec) || type === 'static' ? key : key.toLowerCase()
  return { value: table(folded) }
}

/** `static:value` and `static:{ value with blanks }`. */
function staticTable(name: string): Lookup {
  const value = name.startsWith('{') ? name.slice(1, -1).trim() : name
  return () => value
}

/** `inline:{ key=value, { key = value with blanks } }`; undefined where it is not written so. */
function inlineTable(name: string): Lookup | undefined {
  if (!name.startsWith('{') || !name.endsWith('}')) return undefined
  const pairs = new Map<string, string>()
  for (const word of listWords(name.slice(1, -1))) {
    const text = word.startsWith('{') ? word.slice(1, -1).trim() : word
    const [, key, value] = /^([^=]*?)\s*=\s*([\s\S]*)$/.exec(text) ?? []
    if (key === undefined || value === undefined) return undefined
    pairs.set(key.toLowerCase(), value)
  }
  return (key) => pairs.get(key)
}

/** The source of a texthash, hash or lmdb table (postmap(1)): `key value`, lines that go on, comments. */
export function readTextTable(text: string): Lookup {
  const pairs = new Map<string, string>()
  for (const { joined } of scanLogicalLines(text)) {
    const [, key = '', value = ''] = /^(\S+)\s+([\s\S]*?)\s*$/.exec(joined) ?? []
    if (key !== '') pairs.set(key.toLowerCase(), value)
  }
  return (key) => pairs.get(key.toLowerCase())
}

/** cidr_table(5): the first network that holds the address; `!network` stands for the rest of its family. undefined for tables with `if`. */
export function readCidrTable(text: string): Lookup | undefined {
  const rules: { holds: (address: Address) => boolean; value: string }[] = []
  for (const { joined } of scanLogicalLines(text)) {
    const [, not = '', pattern = '', value = ''] = /^(!?)\s*(\S+)\s+([\s\S]*?)\s*$/.exec(joined) ?? []
    if (/^(if|endif)$/i.test(pattern) || /^endif\s*$/i.test(joined)) return undefined
    const network = readNetwork(pattern)
    if (network === undefined) continue
    const holds = (address: Address) =>
      address.kind() === network[0].kind() && address.match(network as never) !== (not === '!')
    rules.push({ holds, value })
  }
  return (key) => {
    const address = ipaddr.isValid(key) ? ipaddr.parse(key) : undefined
    return address && rules.find((rule) => rule.holds(address))?.value
  }
}

type Address = ipaddr.IPv4 | ipaddr.IPv6

/** `10.0.0.0/8`, `[2001:db8::]/32`, or one address. */
export function readNetwork(pattern: string): [Address, number] | undefined {
  const text = pattern.replace(/^\[([^\]]*)\](\/\d+)?$/, '$1$2')
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text)
  if (!ipaddr.isValid(text)) return undefined
  const address = ipaddr.parse(text)
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

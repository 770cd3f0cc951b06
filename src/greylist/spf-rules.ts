import { type AddressBytes, type Network, NetworkSet } from './address.js'

/** An SPF record with everything that it refers to, as a list in which the first directive that matches decides. */
export type Directive =
  | { readonly pass: boolean; readonly networks: readonly Network[] }
  | { readonly pass: boolean; readonly include: readonly Directive[] }

/** The addresses that a domain lets send its mail. */
export interface SpfSenders {
  /** Networks and rules, also those that forbid. */
  readonly size: number
  /** So few addresses that they are one organisation's own: nobody has gathered strangers' machines under the domain. */
  readonly close: boolean
  authorises(address: AddressBytes): boolean
}

type Rule =
  | { readonly pass: boolean; readonly networks: NetworkSet }
  | { readonly pass: boolean; readonly include: readonly Rule[] }

/** To what is asked with each mail: 2000 networks one by one cost 90 µs, in order 7. */
export function compileSpf(directives: readonly Directive[]): SpfSenders {
  const rules = flat(directives).map(compiled)
  const close = isClose(directives)
  return { size: sizeOf(rules), close, authorises: (address) => isPassed(rules, address) }
}

/** Networks, and IPv4 addresses (a /16) and IPv6 networks of 48 bits in all of them. */
const CLOSE = { networks: 32, ipv4: 2 ** 16, ipv6: 16 }

function isClose(directives: readonly Directive[]): boolean {
  const networks = passedNetworks(directives)
  const sum = (length: number, bits: number) =>
    networks
      .filter(({ bytes }) => bytes.length === length)
      .reduce((all, { prefix }) => all + 2 ** Math.max(0, bits - prefix), 0)
  return networks.length <= CLOSE.networks && sum(4, 32) <= CLOSE.ipv4 && sum(16, 48) <= CLOSE.ipv6
}

/** What forbids is left out: it only takes away. An include that does not let pass counts with what it holds. */
function passedNetworks(directives: readonly Directive[]): readonly Network[] {
  return directives.flatMap((directive) => {
    if ('include' in directive) return passedNetworks(directive.include)
    return directive.pass ? directive.networks : []
  })
}

function compiled(directive: Directive): Rule {
  const { pass } = directive
  return 'include' in directive
    ? { pass, include: directive.include.map(compiled) }
    : { pass, networks: new NetworkSet(directive.networks) }
}

/** Directives that follow each other and say the same become one, also out of an include that only lets pass. */
function flat(directives: readonly Directive[]): readonly Directive[] {
  const all: Directive[] = []
  let run: Network[] | undefined
  for (const directive of directives) {
    const { pass } = directive
    const include = 'include' in directive ? flat(directive.include) : undefined
    const networks = 'include' in directive ? passedBy(include ?? []) : directive.networks
    if (networks === undefined) {
      all.push({ pass, include: include ?? [] })
      run = undefined
    } else if (run !== undefined && all.at(-1)?.pass === pass) {
      for (const network of networks) run.push(network)
    } else {
      run = [...networks]
      all.push({ pass, networks: run })
    }
  }
  return all
}

/** What an include matches, in one; undefined: something in it forbids. */
function passedBy(include: readonly Directive[]): readonly Network[] | undefined {
  const [first] = include
  if (first === undefined) return []
  return include.length === 1 && 'networks' in first && first.pass ? first.networks : undefined
}

function isPassed(rules: readonly Rule[], address: AddressBytes): boolean {
  for (const rule of rules) {
    const matches = 'include' in rule ? isPassed(rule.include, address) : rule.networks.has(address)
    if (matches) return rule.pass
  }
  return false
}

function sizeOf(rules: readonly Rule[]): number {
  let size = rules.length
  for (const rule of rules) size += 'include' in rule ? sizeOf(rule.include) : rule.networks.size
  return size
}

import { type AddressBytes, maskAddress, type Network, parseAddress } from './address.js'
import { compileSpf, type Directive, type SpfSenders } from './spf-rules.js'

export type { SpfSenders }

/** RFC 7208 §4.6.4: terms that ask the DNS, in the whole evaluation; names that do not exist among them; hosts of one `mx`. */
const MOST_LOOKUPS = 10
const MOST_VOID = 2
const MOST_HOSTS = 10
/** Networks of one domain that are kept; large senders have about 200. */
const MOST_NETWORKS = 2000
/** A record longer than this is nobody's: it has to fit into a few DNS packets (RFC 7208 §3.4). */
const LONGEST_RECORD = 4096
/** More addresses than these do not belong to one organisation: an IPv4 /8 in all, an IPv6 network of 28 bits. */
const MOST_IPV4 = 2 ** 24
const SHORTEST_IPV6 = 28

/** What the DNS answers. An empty list: no such name, or no such record. Rejects when it cannot be asked. */
export interface SpfDns {
  texts(name: string): Promise<readonly string[]>
  addresses(name: string): Promise<readonly string[]>
  mailHosts(name: string): Promise<readonly string[]>
}

export type SpfAnswer =
  | { readonly kind: 'senders'; readonly senders: SpfSenders }
  /** No record, a broken one, one without an end, or one that authorises half of the world. */
  | { readonly kind: 'none'; readonly why: string }

/**
 * Looks up who may send for a domain (RFC 7208), ahead of any question about an address. What depends on the question
 * (macros, `exists`, `ptr`) authorises nobody here: an identity may be missing, never wrong.
 * Rejects when the DNS cannot be asked: ask again later.
 */
export async function lookUpSenders(domain: string, dns: SpfDns): Promise<SpfAnswer> {
  const lookup = new Lookup(dns)
  try {
    const directives = await lookup.record(domain, 0)
    assertNarrow(directives)
    return { kind: 'senders', senders: compileSpf(directives) }
  } catch (error) {
    if (error instanceof NoSenders) return { kind: 'none', why: error.message }
    throw error
  }
}

/** A permanent reason; anything else that is thrown is the DNS's. */
class NoSenders extends Error {}

function assertNarrow(directives: readonly Directive[]): void {
  let count = 0
  let ipv4 = 0
  const visit = (list: readonly Directive[]) => {
    for (const directive of list) {
      if ('include' in directive) visit(directive.include)
      else if (directive.pass) for (const network of directive.networks) add(network)
    }
  }
  const add = ({ bytes, prefix }: Network) => {
    count += 1
    if (bytes.length === 4) ipv4 += 2 ** (32 - prefix)
    const broad = bytes.length === 4 ? ipv4 > MOST_IPV4 : prefix < SHORTEST_IPV6
    if (broad || count > MOST_NETWORKS)
      throw new NoSenders('authorises more addresses than an organisation has')
  }
  visit(directives)
}

const TERM =
  /^([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:[:]([^/\s]*|[^\s]*))?((?:\/\d{1,3}){0,2}|\/\/\d{1,3})$/i

/** One evaluation, with its limits. */
class Lookup {
  #lookups = 0
  #void = 0

  constructor(private readonly dns: SpfDns) {}

  async record(domain: string, depth: number): Promise<readonly Directive[]> {
    if (depth > MOST_LOOKUPS) throw new NoSenders('includes itself')
    const texts = (await this.dns.texts(domain)).filter((text) => /^v=spf1(?: |$)/i.test(text))
    if (texts.length !== 1) throw new NoSenders(texts.length === 0 ? 'no SPF record' : 'several SPF records')
    const text = texts[0] ?? ''
    if (text.length > LONGEST_RECORD) throw new NoSenders('the SPF record is too long')
    const directives: Directive[] = []
    const terms = text.split(' ').slice(1).filter(Boolean)
    for (const term of terms) {
      if (/^[a-z][a-z0-9._-]*=/i.test(term)) continue
      const directive = await this.directive(term, domain, depth)
      // `all` matches whoever is left: nothing behind it counts
      if (directive === 'all') return directives
      if (directive !== undefined) directives.push(directive)
    }
    const redirect = terms.map((term) => /^redirect=(\S+)$/i.exec(term)?.[1]).find(Boolean)
    const next = redirect === undefined ? undefined : plainName(redirect)
    if (next === undefined) return directives
    this.count()
    return [...directives, ...(await this.record(next, depth + 1))]
  }

  private async directive(
    term: string,
    domain: string,
    depth: number,
  ): Promise<Directive | 'all' | undefined> {
    const [, qualifier, mechanism = '', argument, lengths = ''] = TERM.exec(term) ?? []
    if (mechanism === '') throw new NoSenders(`a term that is none: ${term}`)
    const pass = qualifier === '' || qualifier === '+'
    switch (mechanism.toLowerCase()) {
      case 'all':
        if (pass) throw new NoSenders('authorises everybody')
        return 'all'
      case 'ip4':
      case 'ip6':
        return { pass, networks: [literalNetwork(mechanism, `${argument}${lengths}`)] }
      default:
        this.count()
    }
    const name = /^(?:ptr|exists)$/i.test(mechanism) ? undefined : plainName(argument ?? domain)
    if (name === undefined) return this.unknown(pass)
    if (/^include$/i.test(mechanism)) return { pass, include: await this.record(name, depth + 1) }
    return { pass, networks: await this.hosts(mechanism, name, lengths) }
  }

  /** It depends on the address in question. Left out, one that authorises only takes away; one that forbids would add. */
  private unknown(pass: boolean): undefined {
    if (!pass) throw new NoSenders('forbids addresses that are not known beforehand')
    return undefined
  }

  private async hosts(mechanism: string, name: string, lengths: string): Promise<readonly Network[]> {
    const hosts = /^a$/i.test(mechanism) ? [name] : await this.dns.mailHosts(name)
    if (hosts.length > MOST_HOSTS) throw new NoSenders('more mail hosts than RFC 7208 allows')
    const addresses = (await Promise.all(hosts.map((host) => this.dns.addresses(host)))).flat()
    if (addresses.length === 0) this.countVoid()
    const [ipv4 = 32, ipv6 = 128] = dualLengths(lengths)
    return addresses.flatMap((text) => {
      const bytes = parseAddress(text)
      return bytes ? [networkOf(bytes, bytes.length === 4 ? ipv4 : ipv6)] : []
    })
  }

  private count(): void {
    this.#lookups += 1
    if (this.#lookups > MOST_LOOKUPS) throw new NoSenders('more than ten lookups (RFC 7208 §4.6.4)')
  }

  private countVoid(): void {
    this.#void += 1
    if (this.#void > MOST_VOID) throw new NoSenders('more than two names that do not exist (RFC 7208 §4.6.4)')
  }
}

/** undefined for a name that is only known when an address is asked about (macros), and for what is no name. */
function plainName(name: string): string | undefined {
  return /^[a-z0-9_.-]{1,253}$/i.test(name) ? name.toLowerCase() : undefined
}

function literalNetwork(mechanism: string, text: string): Network {
  const [address = '', length] = text.split('/')
  const bytes = parseAddress(address)
  const prefix = length === undefined ? (bytes?.length ?? 0) * 8 : Number(length)
  if (bytes?.length !== (/4$/.test(mechanism) ? 4 : 16) || prefix > bytes.length * 8)
    throw new NoSenders(`an address that is none: ${text}`)
  return networkOf(bytes, prefix)
}

function networkOf(bytes: AddressBytes, prefix: number): Network {
  const used = Math.min(prefix, bytes.length * 8)
  return { bytes: maskAddress(bytes, used), prefix: used }
}

/** `/24`, `//64`, `/24//64` (RFC 7208 §5.6, dual-cidr-length). */
function dualLengths(text: string): [number | undefined, number | undefined] {
  const [, ipv4, ipv6] = /^(?:\/(\d{1,3}))?(?:\/\/(\d{1,3}))?$/.exec(text) ?? []
  return [ipv4 === undefined ? undefined : Number(ipv4), ipv6 === undefined ? undefined : Number(ipv6)]
}

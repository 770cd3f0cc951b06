/**
 * For pasting in public: addresses, host names and mail addresses become others, the same ones wherever they
 * occur. What is not of this site (loopback, documentation names, names of programs and files) stays.
 */
export class Redactor {
  private readonly known = new Map<string, string>()
  private readonly counts = { v4: 0, v6: 0, name: 0, user: 0 }

  /** Names of this site, such as myhostname and the own domains: they are replaced also where nothing else shows that they are names. */
  constructor(private readonly names: readonly string[] = []) {}

  text(text: string): string {
    let out = text.replace(/[A-Za-z0-9._%+=-]+@[A-Za-z0-9][A-Za-z0-9.-]*/g, (address) => this.mail(address))
    for (const name of [...this.names].sort((a, b) => b.length - a.length)) {
      if (name.length > 2 && !GENERIC.has(name)) out = out.replaceAll(name, () => this.name(name))
    }
    out = out.replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, (address) => this.v4(address))
    out = out.replace(
      /(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{1,4}:|::)[0-9A-Fa-f:]*[0-9A-Fa-f:](?:%\w+)?(?![0-9A-Za-z])/g,
      (address) => this.v6(address),
    )
    return out.replace(HOST_NAME, (name) => this.host(name))
  }

  /** Every string of a document, however deep; keys stay. */
  value<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T
    if (Array.isArray(value)) return value.map((each) => this.value(each)) as T
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.value(each)])) as T
  }

  private mail(address: string): string {
    const at = address.indexOf('@')
    const [user, domain] = [address.slice(0, at), address.slice(at + 1)]
    const keep = /^(postmaster|abuse|root|greyctl-probe|mailer-daemon)$/i.test(user)
    return `${keep ? user : this.as(user, 'user', (n) => `user${n}`)}@${this.host(domain)}`
  }

  private host(name: string): string {
    const bare = name.replace(/\.$/, '')
    if (isProgramText(bare)) return name
    return this.name(bare)
  }

  private name(name: string): string {
    return this.as(name.toLowerCase(), 'name', (n) => `host${n}.example`)
  }

  private v4(address: string): string {
    if (/^(0\.|127\.|255\.)/.test(address) || address.split('.').some((part) => Number(part) > 255))
      return address
    return this.as(address, 'v4', (n) => `192.0.2.${n % 256}`)
  }

  private v6(address: string): string {
    if (/^::1?$/.test(address) || /^\d{1,2}:\d{2}(:\d{2})?$/.test(address)) return address
    return this.as(address.toLowerCase(), 'v6', (n) => `2001:db8::${n.toString(16)}`)
  }

  private as(original: string, kind: keyof Redactor['counts'], make: (n: number) => string): string {
    const there = this.known.get(original)
    if (there !== undefined) return there
    this.counts[kind] += 1
    const other = make(this.counts[kind])
    this.known.set(original, other)
    // what was made here is met again when a text is redacted twice
    this.known.set(other, other)
    return other
  }
}

const GENERIC = new Set(['localhost', 'localhost.localdomain', 'localdomain'])

/** A dot, and a last label that some name ends in. */
const HOST_NAME =
  /(?<![A-Za-z0-9_./$-])(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+[A-Za-z]{2,}(?![A-Za-z0-9_/=-])/g

/** File names, units and the like look like host names. */
function isProgramText(name: string): boolean {
  return (
    GENERIC.has(name) ||
    /\.(cf|db|conf|service|socket|slice|timer|path|pid|log|gz|sock|regexp|pcre|cidr|lock|pl|py|js|toml|json|local|dpkg-dist|timer|mount|target|md|sh|txt|so|org-|proto|bak|old|example)$/i.test(
      name,
    ) ||
    /(^|\.)(example|postfix\.org)$/i.test(name)
  )
}

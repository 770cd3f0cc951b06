/**
 * For pasting in public: addresses, host names, mail addresses and users become others, the same ones wherever they
 * occur. What is not of this site (loopback, documentation names, names of programs and files) stays.
 */
export class Redactor {
  private readonly known = new Map<string, string>()
  private readonly counts = { v4: 0, v6: 0, name: 0, user: 0 }

  /** Names of this site, such as myhostname and the own domains: they are replaced also where nothing else shows that they are names. */
  constructor(private readonly names: readonly string[] = []) {}

  text(text: string): string {
    let out = text.replace(SYSLOG_HOST, (_, time: string, host: string) => `${time}${this.machine(host)}`)
    out = out.replace(LOGIN, (_, key: string, user: string) => `${key}${this.user(user)}`)
    out = out.replace(MAIL, (whole, key: string | undefined, user: string, domain: string | undefined) =>
      domain !== undefined && UNIT.test(domain) ? whole : `${key ?? ''}${this.mail(user, domain)}`,
    )
    for (const name of [...this.names].sort((a, b) => b.length - a.length)) {
      if (name.length > 2 && !GENERIC.has(name)) out = out.replace(wordOf(name), () => this.name(name))
    }
    out = out.replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, (address) => this.v4(address))
    out = out.replace(V6, (address) => this.v6(address))
    return out.replace(HOST_NAME, (name) => this.host(name))
  }

  /** Every string of a document, however deep; keys stay. */
  value<T>(value: T): T {
    if (typeof value === 'string') return this.text(value) as T
    if (Array.isArray(value)) return value.map((each) => this.value(each)) as T
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.value(each)])) as T
  }

  private mail(user: string, domain: string | undefined): string {
    // an address in brackets is replaced as an address
    const other = domain === undefined || domain.startsWith('[') ? (domain ?? '') : this.host(domain)
    return `${this.user(user)}@${other}`
  }

  private user(user: string): string {
    const keep = /^(postmaster|abuse|root|greyctl-probe|mailer-daemon|user\d+)$/i.test(user)
    return keep ? user : this.as(user, 'user', (n) => `user${n}`)
  }

  private machine(name: string): string {
    return GENERIC.has(name) ? name : this.name(name)
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
    const key = `${kind} ${original}`
    const there = this.known.get(key)
    if (there !== undefined) return there
    this.counts[kind] += 1
    const other = make(this.counts[kind])
    this.known.set(key, other)
    // what was made here is met again when a text is redacted twice
    this.known.set(`${kind} ${other}`, other)
    return other
  }
}

/** The time at the beginning of a line of a log, and the machine behind it (RFC 3164, RFC 3339). */
const SYSLOG_HOST =
  /^((?:<\d{1,3}>)?(?:[\p{L}.]{3,7} {1,2}\d{1,2} \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*) )(\S+)(?= \S+?(?:\[\d+\])?:)/gmu

const GENERIC = new Set(['localhost', 'localhost.localdomain', 'localdomain'])

/** What a log calls a user without a domain; what comes with one is MAIL's. */
const LOGIN = /((?:sasl_username=|\/home\/|orig_to=<|to=<|from=<))([^\s<>@,;/]+)(?=[\s>,;/]|$)/g

/** `sender=` and its kin are no part of the address; `user@` stands in tables. `postfix@-.service` is none. */
const MAIL =
  /(\b(?:sender|recipient|sasl_username|sasl_sender|from|to|orig_to)=)?([^\s<>@,;:"()[\]{}=|`]+(?:=[^\s<>@,;:"()[\]{}|`]+)?)@(?!-)(\[[^\]\s]*\]|[A-Za-z0-9\u0080-\uffff][A-Za-z0-9.\u0080-\uffff-]*)?/g

const UNIT = /\.(service|socket|slice|timer|target|mount|path)$/

/** Also behind `IPv6:`, as in address literals (RFC 5321 §4.1.3). */
const V6 =
  /(?:(?<![0-9A-Za-z:.])|(?<=\bIPv6:))(?:[0-9A-Fa-f]{1,4}:|::)[0-9A-Fa-f:]*[0-9A-Fa-f:](?:%\w+)?(?![0-9A-Za-z])/gi

/** A dot, and a last label that some name ends in; not what stands in a path, unless it is a location's host. */
const HOST_NAME =
  /(?:(?<![A-Za-z0-9_./$-])|(?<=:\/\/))(?:[A-Za-z0-9_\u0080-\uffff](?:[A-Za-z0-9_\u0080-\uffff-]*[A-Za-z0-9_\u0080-\uffff])?\.)+(?:xn--[A-Za-z0-9-]+|[A-Za-z\u0080-\uffff]{2,})(?![A-Za-z0-9])/g

function wordOf(name: string): RegExp {
  const literal = name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  return new RegExp(`(?<![A-Za-z0-9_-])${literal}(?![A-Za-z0-9_-])`, 'gi')
}

/** File names, units and the like look like host names. Ends that are countries too count in names of ours alone. */
function isProgramText(name: string): boolean {
  return (
    GENERIC.has(name) ||
    UNIT.test(name) ||
    /^(main|master|dynamicmaps)\.cf$|^whitelist_(clients|recipients)\.local$|^restore\.sh$/.test(name) ||
    /\.(db|conf|pid|log|gz|sock|regexp|pcre|cidr|lock|js|toml|json|dpkg-dist|txt|proto|bak|old|example)$/i.test(
      name,
    ) ||
    /(^|\.)(example|postfix\.org)$/i.test(name)
  )
}

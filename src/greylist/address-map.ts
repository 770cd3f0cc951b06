import { lowerCase } from './lower-case.js'

/**
 * Values for mail addresses, by the patterns of access(5) (EMAIL ADDRESS PATTERNS), the most telling first:
 * `user@domain`, also with an extension (`user+x@domain`); `domain` and all below it, the nearest first; `user@` in any
 * domain. `<>` is the empty sender. One look-up for each label of the domain, however many patterns there are.
 */
export class AddressMap<Value> {
  readonly #addresses = new Map<string, Value>()
  readonly #domains = new Map<string, Value>()
  readonly #locals = new Map<string, Value>()

  constructor(entries: Iterable<readonly [pattern: string, value: Value]> = []) {
    for (const [pattern, value] of entries) this.set(pattern, value)
  }

  get size(): number {
    return this.#addresses.size + this.#domains.size + this.#locals.size
  }

  set(pattern: string, value: Value): void {
    const lower = lowerCase(pattern)
    if (lower.endsWith('@')) this.#locals.set(lower.slice(0, -1), value)
    else if (lower.includes('@') || lower === '<>') this.#addresses.set(lower, value)
    else this.#domains.set(lower.replace(/^\.+|\.+$/g, ''), value)
  }

  find(address: string): Value | undefined {
    if (this.size === 0) return undefined
    if (address === '') return this.#addresses.get('<>')
    const lower = lowerCase(address)
    const at = lower.lastIndexOf('@')
    const local = at < 0 ? lower : lower.slice(0, at)
    const domain = at < 0 ? '' : lower.slice(at)
    return (
      withExtensions(local, (part) => this.#addresses.get(part + domain)) ??
      this.#findDomain(domain.slice(1)) ??
      withExtensions(local, (part) => this.#locals.get(part))
    )
  }

  #findDomain(domain: string): Value | undefined {
    for (let rest = domain; rest !== ''; ) {
      const found = this.#domains.get(rest)
      if (found !== undefined) return found
      const dot = rest.indexOf('.')
      if (dot < 0) return undefined
      rest = rest.slice(dot + 1)
    }
    return undefined
  }
}

/** The local part itself, then without what stands behind each `+`, the longest first. */
function withExtensions<Value>(local: string, look: (part: string) => Value | undefined): Value | undefined {
  const found = look(local)
  if (found !== undefined) return found
  for (
    let plus = local.lastIndexOf('+', local.length - 2);
    plus > 0;
    plus = local.lastIndexOf('+', plus - 1)
  ) {
    const cut = look(local.slice(0, plus))
    if (cut !== undefined) return cut
  }
  return undefined
}

/** What is wrong with a pattern; undefined for one that can match. */
export function complainOfPattern(pattern: string): string | undefined {
  if (pattern === '<>') return undefined
  const fine = /^[^\s@]+@$|^(?:[^\s@]+|"[^"]*")@[^\s@]+$|^[^\s@/<>]*[^\s@/<>.][^\s@/<>]*$/.test(pattern)
  return fine ? undefined : 'must be user@domain, domain, or user@'
}

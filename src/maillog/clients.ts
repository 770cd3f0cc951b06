import type { MailEvent } from './event.js'
import { ownText } from './own-text.js'

/** Names (and addresses) beyond so many are counted together: whoever sends from a new name each time must not fill the memory. */
const MOST_NAMES = 200_000

export interface ClientCount {
  /** Verified name, or `unknown`. */
  readonly name: string
  /** Recipients that were accepted or deferred. */
  readonly count: number
}

/** Which clients sent mail or tried to, own users apart. */
export class ClientsSeen {
  readonly #names = new Set<string>()
  readonly #addresses = new Set<string>()
  #more = false

  add(event: MailEvent): void {
    const isClient = event.kind === 'accepted' || event.kind === 'deferred' || event.kind === 'passed'
    if (!isClient || (event.kind === 'accepted' && event.authenticated)) return
    this.#keep(this.#names, event.client.name)
    this.#keep(this.#addresses, event.client.address)
  }

  /** undefined: there were too many to know them all. */
  all(): { readonly names: readonly string[]; readonly addresses: readonly string[] } | undefined {
    return this.#more ? undefined : { names: [...this.#names], addresses: [...this.#addresses] }
  }

  #keep(known: Set<string>, text: string): void {
    if (known.has(text)) return
    if (known.size >= MOST_NAMES) this.#more = true
    else known.add(ownText(text))
  }
}

/** The verified names of those who sent mail, by Postfix's own lines; by the greylister's where it has none. */
export class ClientCounts {
  readonly #byPostfix = new Map<string, number>()
  readonly #byGreylister = new Map<string, number>()
  /** Mails of names that were not counted one by one. */
  others = 0

  add(event: MailEvent, times: number): void {
    if (event.kind === 'accepted') {
      if (!event.authenticated) this.#count(this.#byPostfix, event.client.name, times)
    } else if (event.kind === 'deferred' || event.kind === 'passed') {
      const counts = event.by === 'postfix' ? this.#byPostfix : this.#byGreylister
      this.#count(counts, event.client.name, times)
    }
  }

  /** Most mails first. */
  list(): readonly ClientCount[] {
    const counts = this.#byPostfix.size > 0 ? this.#byPostfix : this.#byGreylister
    return [...counts]
      .map(([name, count]) => ({ name, count }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
  }

  #count(counts: Map<string, number>, name: string, times: number): void {
    const before = counts.get(name)
    if (before !== undefined) counts.set(name, before + times)
    else if (counts.size < MOST_NAMES) counts.set(ownText(name), times)
    else this.others += times
  }
}

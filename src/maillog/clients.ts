import type { MailEvent } from './event.js'
import { ownText } from './own-text.js'

/** Names beyond so many are counted together: whoever sends from a new name each time must not fill the memory. */
const MOST_NAMES = 200_000

export interface ClientCount {
  /** Verified name, or `unknown`. */
  readonly name: string
  /** Recipients that were accepted or deferred. */
  readonly count: number
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

import { type Expiry, type GreyRecord, isForgettable } from '../greylist/record.js'
import { type Entry, type Expired, MOST_REMOVED, type Store, type StoreStats } from './store.js'

/** Forgets everything at the end of the process: for tests and tries. */
export class MemoryStore implements Store {
  readonly immediate = true
  readonly #records = new Map<string, GreyRecord>()
  #cursor: Iterator<Entry> | undefined

  getMany(keys: readonly string[]): (GreyRecord | undefined)[] {
    return keys.map((key) => this.#records.get(key))
  }

  putMany(entries: readonly Entry[]): void {
    for (const [key, record] of entries) this.#records.set(key, record)
  }

  removeMany(keys: readonly string[]): void {
    for (const key of keys) this.#records.delete(key)
  }

  entries(kind = ''): Iterable<Entry> {
    const wanted = [...this.#records].filter(([key]) => key.startsWith(kind))
    return wanted.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  }

  expire(expiry: Expiry, budgetMs: number): Expired {
    const until = performance.now() + budgetMs
    this.#cursor ??= this.#records[Symbol.iterator]()
    let removed = 0
    for (;;) {
      const next = this.#cursor.next()
      if (next.done) {
        this.#cursor = undefined
        return { removed, done: true }
      }
      const [key, record] = next.value
      if (isForgettable(key, record, expiry) && this.#records.delete(key)) removed += 1
      if (removed >= MOST_REMOVED || performance.now() >= until) return { removed, done: false }
    }
  }

  stats(): StoreStats {
    return { spec: 'memory:', entries: this.#records.size, bytes: 0 }
  }

  async close(): Promise<void> {}
}

import type { Expiry, GreyRecord } from '../greylist/record.js'
import type { Awaitable, Entry, Expired, Store, StoreStats } from './store.js'

/** Milliseconds between two tries. */
const RETRY = 2000

/**
 * A store that could not be opened, and is tried again: a daemon that answers DUNNO is no reason that mail stops, one
 * that does not start can be. Until it is open every call throws the reason.
 */
export class ReopeningStore implements Store {
  readonly #open: () => Store
  #store: Store | undefined
  #reason: Error
  #timer: NodeJS.Timeout

  /** `opened` is called once it is. */
  constructor(open: () => Store, reason: Error, opened: () => void) {
    this.#open = open
    this.#reason = reason
    this.#timer = setInterval(() => this.#retry(opened), RETRY)
    this.#timer.unref()
  }

  /** Why it is not open; undefined: it is. */
  get trouble(): string | undefined {
    return this.#store === undefined ? this.#reason.message : undefined
  }

  get immediate(): boolean {
    return this.#store?.immediate ?? false
  }

  getMany(keys: readonly string[]): Awaitable<readonly (GreyRecord | undefined)[]> {
    return this.#opened().getMany(keys)
  }

  putMany(entries: readonly Entry[]): Awaitable<void> {
    return this.#opened().putMany(entries)
  }

  removeMany(keys: readonly string[]): Awaitable<void> {
    return this.#opened().removeMany(keys)
  }

  entries(kind?: string): Iterable<Entry> | AsyncIterable<Entry> {
    return this.#opened().entries(kind)
  }

  expire(expiry: Expiry, budgetMs: number): Awaitable<Expired> {
    return this.#opened().expire(expiry, budgetMs)
  }

  stats(): Awaitable<StoreStats> {
    return this.#opened().stats()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#store?.close()
  }

  #opened(): Store {
    if (this.#store === undefined) throw this.#reason
    return this.#store
  }

  #retry(opened: () => void): void {
    try {
      this.#store = this.#open()
    } catch (error) {
      this.#reason = error as Error
      return
    }
    clearInterval(this.#timer)
    opened()
  }
}

import type { GreyRecord } from '../greylist/record.js'
import type { Entry, Expired, Store, StoreStats } from './store.js'

/** LMDB's words for a file that it cannot make sense of (lmdb.h, "Return Codes"). */
export function isDamage(error: unknown): boolean {
  return /MDB_(?:CORRUPTED|INVALID|VERSION_MISMATCH|PAGE_NOTFOUND|PANIC|BAD_TXN)|Located page was wrong type|Requested page not found|not an LMDB file/i.test(
    String(error),
  )
}

/**
 * A store that starts anew when its file turns out to be damaged while it is in use. The call that found it fails
 * (and its mail passes); the next finds an empty store.
 */
export class MendingStore implements Store {
  readonly #open: () => Store
  readonly #setAside: (why: string) => void
  #store: Store

  constructor(open: () => Store, setAside: (why: string) => void) {
    this.#open = open
    this.#setAside = setAside
    this.#store = open()
  }

  async getMany(keys: readonly string[]): Promise<readonly (GreyRecord | undefined)[]> {
    return this.#guard((store) => store.getMany(keys))
  }

  async putMany(entries: readonly Entry[]): Promise<void> {
    return this.#guard((store) => store.putMany(entries))
  }

  async removeMany(keys: readonly string[]): Promise<void> {
    return this.#guard((store) => store.removeMany(keys))
  }

  entries(): Iterable<Entry> | AsyncIterable<Entry> {
    return this.#store.entries()
  }

  async expire(isExpired: (key: string, record: GreyRecord) => boolean, budgetMs: number): Promise<Expired> {
    return this.#guard((store) => store.expire(isExpired, budgetMs))
  }

  async stats(): Promise<StoreStats> {
    return this.#guard((store) => store.stats())
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #guard<T>(work: (store: Store) => T | Promise<T>): Promise<T> {
    const store = this.#store
    try {
      return await work(store)
    } catch (error) {
      if (isDamage(error) && store === this.#store) await this.#startAnew((error as Error).message)
      throw error
    }
  }

  async #startAnew(why: string): Promise<void> {
    const broken = this.#store
    this.#setAside(why)
    await broken.close().catch(() => {})
    this.#store = this.#open()
  }
}

import type { Expiry, GreyRecord } from '../greylist/record.js'
import type { Change, Entry, Expired, LocalStore, StoreStats } from './store.js'

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
export class MendingStore implements LocalStore {
  readonly #open: () => LocalStore
  readonly #setAside: (why: string) => void
  #store: LocalStore | undefined
  #closing: Promise<void> | undefined

  constructor(open: () => LocalStore, setAside: (why: string) => void) {
    this.#open = open
    this.#setAside = setAside
    this.#store = open()
  }

  getMany(keys: readonly string[]): readonly (GreyRecord | undefined)[] {
    return this.#guard((store) => store.getMany(keys))
  }

  async putMany(entries: readonly Entry[]): Promise<void> {
    return this.#guardLater((store) => store.putMany(entries))
  }

  async removeMany(keys: readonly string[]): Promise<void> {
    return this.#guardLater((store) => store.removeMany(keys))
  }

  async apply(changes: readonly Change[]): Promise<void> {
    return this.#guardLater((store) => store.apply(changes))
  }

  entries(kind?: string): Iterable<Entry> | AsyncIterable<Entry> {
    return this.#sound().entries(kind)
  }

  async expire(expiry: Expiry, budgetMs: number): Promise<Expired> {
    return this.#guardLater((store) => store.expire(expiry, budgetMs))
  }

  async noteKeys(filter: SharedArrayBuffer, budgetMs: number): Promise<boolean | undefined> {
    return this.#guardLater((store) => store.noteKeys?.(filter, budgetMs))
  }

  async stats(): Promise<StoreStats> {
    return this.#guardLater((store) => store.stats())
  }

  async close(): Promise<void> {
    await this.#closing
    await this.#store?.close()
  }

  #guard<T>(work: (store: LocalStore) => T): T {
    const store = this.#sound()
    try {
      return work(store)
    } catch (error) {
      this.#judge(store, error)
      throw error
    }
  }

  async #guardLater<T>(work: (store: LocalStore) => T | Promise<T>): Promise<T> {
    await this.#closing
    const store = this.#sound()
    try {
      return await work(store)
    } catch (error) {
      this.#judge(store, error)
      throw error
    }
  }

  /** Throws while the damaged file is still open: LMDB must not be opened twice at one place. */
  #sound(): LocalStore {
    if (this.#closing !== undefined) throw new Error('the store was damaged, a new one is being started')
    this.#store ??= this.#open()
    return this.#store
  }

  #judge(store: LocalStore, error: unknown): void {
    if (!isDamage(error) || store !== this.#store) return
    this.#setAside((error as Error).message)
    this.#store = undefined
    this.#closing = store
      .close()
      .catch(() => {})
      .finally(() => {
        this.#closing = undefined
      })
  }
}

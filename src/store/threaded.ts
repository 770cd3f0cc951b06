import type { Expiry, GreyRecord } from '../greylist/record.js'
import { encodeChanges } from './change-bytes.js'
import type { LmdbStore } from './lmdb.js'
import type { LmdbThread } from './lmdb-thread.js'
import type { Change, Entry, Expired, LocalStore, StoreStats } from './store.js'

/** Changes encoded in one go: half a millisecond. */
const BURST = 2000

/** An LMDB store that is read here, and written and cleaned in a thread of its own. */
export class ThreadedStore implements LocalStore {
  readonly #file: LmdbStore
  readonly #thread: LmdbThread
  /** False where the thread does not run: then this one does it. One that ends later may hold LMDB's lock. */
  readonly #threaded: Promise<boolean>

  constructor(file: LmdbStore, thread: LmdbThread) {
    this.#file = file
    this.#thread = thread
    this.#threaded = thread.ask({ do: 'open', directory: file.directory }).then(
      () => true,
      () => false,
    )
  }

  getMany(keys: readonly string[]): readonly (GreyRecord | undefined)[] {
    return this.#file.getMany(keys)
  }

  putMany(entries: readonly Entry[]): Promise<void> {
    return this.apply(entries)
  }

  removeMany(keys: readonly string[]): Promise<void> {
    return this.apply(keys.map((key) => [key, undefined]))
  }

  async apply(changes: readonly Change[]): Promise<void> {
    if (!(await this.#threaded)) return this.#file.apply(changes)
    const parts: Uint8Array<ArrayBuffer>[] = []
    for (let start = 0; start < changes.length; start += BURST) {
      if (start > 0) await new Promise(setImmediate)
      parts.push(encodeChanges(changes.slice(start, start + BURST)))
    }
    await this.#thread.ask(
      { do: 'apply', changes: parts },
      parts.map(({ buffer }) => buffer),
    )
    // what the thread committed is seen from now on, not only from the next turn
    this.#file.refresh()
  }

  entries(kind?: string): Iterable<Entry> {
    return this.#file.entries(kind)
  }

  async expire(expiry: Expiry, budgetMs: number): Promise<Expired> {
    if (!(await this.#threaded)) return this.#file.expire(expiry, budgetMs)
    return (await this.#thread.ask({ do: 'expire', expiry, budgetMs })) as Expired
  }

  async noteKeys(filter: SharedArrayBuffer, budgetMs: number): Promise<boolean | undefined> {
    if (!(await this.#threaded)) return undefined
    return (await this.#thread.ask({ do: 'note', filter, budgetMs })) as boolean
  }

  stats(): StoreStats {
    return this.#file.stats()
  }

  async close(): Promise<void> {
    await this.#thread.ask({ do: 'close' }).catch(() => {})
    await this.#file.close()
  }
}

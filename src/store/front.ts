import { TRIPLET } from '../greylist/key.js'
import type { Expiry, GreyRecord } from '../greylist/record.js'
import type { Absence } from './absence.js'
import type { Awaitable, Change, Entry, Expired, LocalStore, StoreStats } from './store.js'

/** Keys of each half, about 250 bytes each: those of 10,000 to 20,000 triplets and their clients, 10 MB in all. */
export const FRONT_SIZE = 20_000

/** Changes that are looked at in one go: half a millisecond. All of a busy second took 15. */
const BURST = 1000

const TRIPLET_CODE = TRIPLET.charCodeAt(0)

const NOTHING_KNOWN = { lacks: () => false }

/** null: the base has none. */
type Records = Map<string, GreyRecord | null>

/**
 * What was asked for lately, in memory before a store that nobody else writes (the journal's lock sees to that): a
 * look-up takes 0.3 µs, in the tree 1.5 and more, of the 9 that a request takes beside the network. What is not there is
 * kept too, since most clients have no record of their own; but not of triplets: one that is not there is about to be
 * written, and asked for again in a minute at the earliest.
 *
 * Two halves take turns: when the younger is full, the older is dropped. Whatever is asked for in between moves on.
 */
export class Front implements LocalStore {
  readonly #base: LocalStore
  readonly #absence: Pick<Absence, 'lacks'>
  readonly #size: number
  #young: Records = new Map()
  #old: Records = new Map()

  constructor(base: LocalStore, size = FRONT_SIZE, absence: Pick<Absence, 'lacks'> = NOTHING_KNOWN) {
    this.#base = base
    this.#absence = absence
    this.#size = size
  }

  getMany(keys: readonly string[]): readonly (GreyRecord | undefined)[] {
    const records: (GreyRecord | undefined)[] = []
    let missing: number[] | undefined
    for (const key of keys) {
      const young = this.#young.get(key)
      const kept = young === undefined ? this.#fromOld(key) : young
      if (kept === undefined && !this.#absence.lacks(key)) {
        missing ??= []
        missing.push(records.length)
      }
      records.push(kept ?? undefined)
    }
    if (missing !== undefined) this.#lookUp(keys, missing, records)
    return records
  }

  #fromOld(key: string): GreyRecord | null | undefined {
    const kept = this.#old.get(key)
    if (kept !== undefined) this.#keep(key, kept)
    return kept
  }

  #lookUp(keys: readonly string[], places: readonly number[], records: (GreyRecord | undefined)[]): void {
    const missing = places.map((place) => keys[place] ?? '')
    for (const [index, record] of this.#base.getMany(missing).entries()) {
      const key = missing[index] ?? ''
      records[places[index] ?? 0] = record
      if (record !== undefined || key.charCodeAt(0) !== TRIPLET_CODE) this.#keep(key, record ?? null)
    }
  }

  async putMany(entries: readonly Entry[]): Promise<void> {
    await this.#changing(entries, () => this.#base.putMany(entries))
  }

  async removeMany(keys: readonly string[]): Promise<void> {
    await this.#changing(
      keys.map((key) => [key, undefined]),
      () => this.#base.removeMany(keys),
    )
  }

  async apply(changes: readonly Change[]): Promise<void> {
    await this.#changing(changes, () => this.#base.apply(changes), BURST)
  }

  entries(kind?: string): Iterable<Entry> | AsyncIterable<Entry> {
    return this.#base.entries(kind)
  }

  /** What is kept here of an expired record is judged again at each look-up, and says as little as none. */
  expire(expiry: Expiry, budgetMs: number): Awaitable<Expired> {
    return this.#base.expire(expiry, budgetMs)
  }

  async noteKeys(filter: SharedArrayBuffer, budgetMs: number): Promise<boolean | undefined> {
    return this.#base.noteKeys?.(filter, budgetMs)
  }

  stats(): StoreStats | Promise<StoreStats> {
    return this.#base.stats()
  }

  close(): Promise<void> {
    return this.#base.close()
  }

  #keep(key: string, record: GreyRecord | null): void {
    this.#young.set(key, record)
    if (this.#young.size < this.#size) return
    this.#old = this.#young
    this.#young = new Map()
  }

  /** Until a change is in the base, what is read there is the old record; whether one that failed is, nobody knows. */
  async #changing(
    changes: readonly Change[],
    change: () => void | Promise<void>,
    burst = Number.POSITIVE_INFINITY,
  ): Promise<void> {
    try {
      await change()
    } catch (error) {
      for (const [key] of changes) {
        this.#young.delete(key)
        this.#old.delete(key)
      }
      throw error
    }
    for (const [at, [key, record]] of changes.entries()) {
      // what comes in the background is answered from its journal until all is done here
      if (at % burst === burst - 1) await new Promise(setImmediate)
      if (this.#young.has(key)) this.#young.set(key, record ?? null)
      else if (this.#old.has(key)) this.#old.set(key, record ?? null)
    }
  }
}

import type { Expiry, GreyRecord } from '../../greylist/record.js'
import { readOnly } from '../guess.js'
import { joined } from '../merge.js'
import type {
  Answer,
  Awaitable,
  Entry,
  Expired,
  Guess,
  Guesser,
  SharedStats,
  Store,
  StoreStats,
} from '../store.js'
import { Lately } from './lately.js'
import { Link, type LinkOptions, within } from './link.js'
import { mergeBack } from './merge-back.js'
import type { Mirror } from './mirror.js'
import { CALM, Outage } from './outage.js'
import type { ValkeyStore } from './valkey.js'

/**
 * Milliseconds that a read, and after it a write, may take before the answer comes from this host: together with a
 * flush of the disk, no mail waits longer than a quarter of a second for a server.
 */
export const DEADLINE = 100

export interface FallbackParts extends Pick<LinkOptions, 'location' | 'lifetime'> {
  /** What was learned while the server could not be used. It survives this process. */
  readonly apart: Store
  /** Whether it is open; if not, `apartOpened` says when. */
  readonly usable: boolean
  readonly mirror: Mirror
  /** How the server is called in messages. */
  readonly name: string
  readonly warn: (message: string) => void
}

/**
 * The shared store as long as it answers in time, and this host alone as soon as it does not. The first failure, of
 * whatever kind, opens the circuit: nobody asks the server any more until a trial in the background has shown that it
 * takes writes and is fast enough. What was learned meanwhile is then merged into it; until it is there, both count.
 */
export class FallbackStore implements Store {
  readonly #parts: FallbackParts
  readonly #link: Link
  readonly #lately = new Lately()
  #shared: ValkeyStore | undefined
  /** As long as the server that is used runs scripts. */
  #guesser: Guesser | undefined
  /** Whether something may lie apart: then it has to be looked at too. */
  #apart: boolean
  #merging: Promise<void> | undefined
  /** Batches written here, so that nothing is overlooked that came during a merge. */
  #localWrites = 0
  #failures = 0
  #localReads = 0
  #merged = 0
  readonly #outage: Outage
  #upSince = 0

  constructor(parts: FallbackParts) {
    this.#parts = parts
    this.#apart = parts.usable
    const { location, lifetime, name, warn } = parts
    this.#outage = new Outage(name, warn)
    this.#link = new Link({
      location,
      lifetime,
      deadline: DEADLINE,
      linked: (store, whyNoGuesses) => this.#up(store, whyNoGuesses),
      failed: (error) => this.#stillDown(error),
    })
  }

  /** Resolves when the server can be used, or after the first try, or after so many milliseconds. */
  async begin(milliseconds: number): Promise<void> {
    await within(this.#link.begin(), milliseconds).catch((error: Error) => this.#stillDown(error))
  }

  get alone(): boolean {
    return this.#shared === undefined
  }

  /** Not while something may lie apart: then nobody knows what stands there without looking at both. */
  get guesser(): Guesser | undefined {
    return this.#apart ? undefined : this.#guesser
  }

  apartOpened(): void {
    this.#apart = true
    if (this.#shared !== undefined) this.#mergeBack(this.#shared)
  }

  getMany(keys: readonly string[]): Awaitable<readonly (GreyRecord | undefined)[]> {
    if (this.#shared === undefined) return this.#readHere(keys)
    return this.#readThere(this.#shared, keys)
  }

  putMany(entries: readonly Entry[]): Awaitable<void> {
    if (this.#shared === undefined) return this.#putHere(entries)
    return this.#putThere(this.#shared, entries)
  }

  async removeMany(keys: readonly string[]): Promise<void> {
    this.#parts.mirror.forget(keys)
    for (const key of keys) this.#lately.forget(key)
    await this.#parts.apart.removeMany(keys)
    const shared = this.#shared
    if (shared === undefined) throw new Error(`${this.#parts.name} cannot be used: ${this.#outage.trouble}`)
    await within(shared.removeMany(keys), DEADLINE).catch((error: Error) => this.#down(shared, error))
  }

  /** Those of the shared store, or what this host learned alone. */
  entries(kind?: string): Iterable<Entry> | AsyncIterable<Entry> {
    return (this.#shared ?? this.#parts.apart).entries(kind)
  }

  /** Of this host's memory; the server does its own. */
  async expire(expiry: Expiry, budgetMs: number): Promise<Expired> {
    const apart = await this.#parts.apart.expire(expiry, budgetMs)
    if (!apart.done) return apart
    const mirror = await this.#parts.mirror.expire(expiry, budgetMs)
    return { removed: apart.removed + mirror.removed, done: mirror.done }
  }

  async stats(): Promise<StoreStats> {
    const apart = await this.#statsHere()
    const shared: SharedStats = {
      up: this.#shared !== undefined,
      failures: this.#failures,
      trouble: this.#outage.trouble,
      localReads: this.#localReads,
      waiting: apart.entries,
      merged: this.#merged,
    }
    const there = await within(this.#shared?.stats() ?? Promise.reject(), 10 * DEADLINE).catch(
      () => undefined,
    )
    return { ...(there ?? { ...apart, spec: this.#parts.name }), shared }
  }

  async #statsHere(): Promise<StoreStats> {
    try {
      return await this.#parts.apart.stats()
    } catch {
      return { spec: this.#parts.name, entries: 0, bytes: 0 }
    }
  }

  async close(): Promise<void> {
    this.#link.close()
    const shared = this.#shared
    this.#shared = undefined
    this.#guesser = undefined
    await this.#merging
    await shared?.close()
    await this.#parts.mirror.close()
    await this.#parts.apart.close()
  }

  async #readThere(
    shared: ValkeyStore,
    keys: readonly string[],
  ): Promise<readonly (GreyRecord | undefined)[]> {
    let records: readonly (GreyRecord | undefined)[]
    try {
      records = await within(shared.getMany(keys), DEADLINE)
    } catch (error) {
      this.#down(shared, error as Error)
      return this.#readHere(keys)
    }
    for (let at = 0; at < records.length; at += 1) this.#noteOne(keys[at] ?? '', records[at])
    if (!this.#apart) return records
    const apart = await this.#parts.apart.getMany(keys)
    return records.map((record, at) => {
      const here = apart[at]
      return here === undefined ? record : joined(record, here)
    })
  }

  async #putIfThere(shared: ValkeyStore, unless: string, guesses: readonly Guess[]): Promise<Answer> {
    try {
      const answer = await within(shared.putIf(unless, guesses), DEADLINE)
      for (const [at, guess] of guesses.entries()) {
        const { records = [], right = false } = answer[1][at] ?? {}
        // a right guess tells nothing that was not known before
        if (right) for (const [key, record] of guess.changes) this.#noteOne(key, record)
        else for (const [index, key] of guess.keys.entries()) this.#noteOne(key, records[index])
      }
      return answer
    } catch (error) {
      this.#down(shared, error as Error)
      return readOnly((keys) => this.#readHere(keys), unless, guesses)
    }
  }

  #noteOne(key: string, record: GreyRecord | undefined): void {
    this.#lately.note(key, record)
    this.#parts.mirror.noteOne(key, record)
  }

  #readHere(keys: readonly string[]): Awaitable<readonly (GreyRecord | undefined)[]> {
    this.#localReads += keys.length
    const mirrored = this.#parts.mirror.get(keys)
    const apart = this.#parts.apart.getMany(keys)
    const both = (records: readonly (GreyRecord | undefined)[]) =>
      records.map((record, at) => {
        const copy = mirrored[at]
        return record === undefined || copy === undefined ? (record ?? copy) : joined(copy, record)
      })
    return apart instanceof Promise ? apart.then(both) : both(apart)
  }

  async #putThere(shared: ValkeyStore, entries: readonly Entry[]): Promise<void> {
    try {
      await within(shared.putMany(entries), DEADLINE)
    } catch (error) {
      this.#down(shared, error as Error)
      await this.#putHere(entries)
      return
    }
    this.#parts.mirror.note(entries)
  }

  #putHere(entries: readonly Entry[]): Awaitable<void> {
    this.#apart = true
    this.#localWrites += 1
    const put = this.#parts.apart.putMany(entries)
    // it may have come back while this was decided
    if (this.#shared !== undefined) this.#mergeBack(this.#shared)
    return put
  }

  #up(shared: ValkeyStore, whyNoGuesses: string | undefined): void {
    this.#shared = shared
    const guesser: Guesser = {
      recall: (key) => this.#lately.get(key),
      putIf: (unless, guesses) => this.#putIfThere(shared, unless, guesses),
    }
    this.#guesser = whyNoGuesses === undefined ? guesser : undefined
    if (whyNoGuesses !== undefined && this.#parts.location.mode !== 'cluster')
      this.#outage.runsNoScripts(whyNoGuesses)
    this.#upSince = performance.now()
    this.#outage.ended()
    this.#mergeBack(shared)
  }

  #mergeBack(shared: ValkeyStore): void {
    if (!this.#apart || this.#merging !== undefined) return
    this.#merging = this.#mergeAll(shared)
      .catch((error: Error) => this.#down(shared, error))
      .finally(() => {
        this.#merging = undefined
      })
  }

  async #mergeAll(shared: ValkeyStore): Promise<void> {
    const isUsed = () => this.#shared === shared
    while (isUsed()) {
      const before = this.#localWrites
      const moved = await mergeBack(this.#parts.apart, shared, isUsed)
      this.#merged += moved
      if (moved > 0 || before !== this.#localWrites || !isUsed()) continue
      this.#apart = false
      return
    }
  }

  /** All that is under way fails soon, and comes by here; the first does what is to be done. */
  #down(shared: ValkeyStore, error: Error): void {
    if (this.#shared !== shared) return
    this.#shared = undefined
    this.#guesser = undefined
    this.#failures += 1
    void shared.close()
    this.#outage.began(error)
    this.#link.lost(performance.now() - this.#upSince > CALM)
  }

  #stillDown(error: Error): void {
    if (this.#shared === undefined) this.#outage.goesOn(error)
  }
}

import type { Expiry, GreyRecord } from '../greylist/record.js'
import { Absence } from './absence.js'
import { endsBefore } from './ends-before.js'
import { Learning } from './learning.js'
import { isLong, shortened } from './long-key.js'
import type { Opened, Segment } from './segment.js'
import { openSegments } from './segments.js'
import type { Awaitable, Change, Entry, Expired, LocalStore, Store, StoreStats } from './store.js'

/** strict: committed means on the disk. relaxed: on the disk within 50 ms, which a power failure may forget. */
export type Durability = 'strict' | 'relaxed'

export interface JournalOptions {
  readonly durability: Durability
  /** Seconds to wait while another process has the journal open. */
  readonly patience: number
  readonly warn: (message: string) => void
  /** Learned and kept here, for the store behind too. */
  readonly absence?: Absence
  /** Milliseconds from the start until the keys of the store are learned; a second by default. */
  readonly learnAfter?: number
}

/** null: removed. */
type Changes = Map<string, GreyRecord | null>

interface Batch {
  readonly changes: Changes
  /** They hold the changes until the store does; the older first, which is cleared first. */
  readonly segments: readonly Segment[]
}

/** Milliseconds that changes gather before they move to the store. */
const GATHER = 100
/**
 * The same after a move of so many: the more move at once, the more of them share a page of the tree (of 10,000 strangers
 * among 100,000, three share one; of 1000, each has its own), and the less the disk has to write beside the flushes.
 */
const MANY = 500
const GATHER_MANY = 1000
/** Milliseconds from the start until the store's keys are learned. */
const LEARN_AFTER = 1000
/** Milliseconds that a change waits for room: longer than that nobody waits for its answer. */
const MOST_WAIT = 5000
/** Milliseconds until the next try to move them, after one that failed (a full disk). */
const RETRY = 1000
/** A power failure may have taken all that would tell of the last few; none of them may be used again. */
const LOST_GENERATIONS = 16
/** Milliseconds; `relaxed`. */
const FLUSH_AFTER = 50

/**
 * A journal in front of a store. A transaction of a tree writes a page of 4 KiB for nearly every triplet and flushes
 * twice; a frame of the journal is written in one piece, with one flush. From the journal, changes move to the store in
 * the background, in large batches; until then they are answered from memory, and after a crash read from the journal.
 * Measured with 20 connections: two to three times the new triplets a second, and no pause while the tree is written.
 *
 * Two segments take turns: one is written while the changes of the other move.
 */
export class JournaledStore implements Store {
  readonly immediate = true
  readonly #base: LocalStore
  readonly #options: JournalOptions
  readonly #segments: readonly [Segment, Segment]
  #active: 0 | 1 = 0
  #generation: number
  /** What the active segment holds. */
  #current: Changes = new Map()
  /** On its way to the store; answered from here until it has arrived. */
  #moving: Batch | undefined
  #move: Promise<void> | undefined
  #lastMoved = 0
  /** A flush of the other segment, from before this one was written: it has to end before anything here is durable. */
  #earlierFlush: Promise<void> | undefined
  /** Those that wait for room, and the last of them. */
  #queued = 0
  #queue: Promise<unknown> = Promise.resolve()
  #gatherTimer: NodeJS.Timeout | undefined
  #flushTimer: NodeJS.Timeout | undefined
  readonly #absence: Absence
  readonly #learning: Learning
  #closing = false
  #trouble: string | undefined

  /** Throws what the system says when the journal's files (journal-0, journal-1) cannot be made. */
  constructor(base: LocalStore, directory: string, options: JournalOptions) {
    this.#base = base
    this.#options = options
    const [one, two] = openSegments(directory, options.patience)
    this.#segments = [one.segment, two.segment]
    this.#generation = Math.max(generationOf(one), generationOf(two)) + LOST_GENERATIONS
    for (const { segment, recovered } of [two, one])
      if (recovered.changes.length === 0) segment.begin(this.#generation)
    this.#recover([one, two])
    this.#absence = options.absence ?? new Absence()
    const after = options.learnAfter ?? LEARN_AFTER
    this.#learning = new Learning(base, this.#absence, () => this.#waitingKeys(), after)
  }

  getMany(names: readonly string[]): readonly (GreyRecord | undefined)[] {
    // one name for a key, whether it comes from a mail or from a list of what is stored
    const keys = names.some(isLong) ? names.map(shortened) : names
    if (this.#current.size === 0 && this.#moving === undefined) return this.#base.getMany(keys)
    const likely = keys.filter((key) => !this.#absence.lacks(key))
    const records = likely.length === 0 ? [] : this.#latest(likely)
    if (likely.length === keys.length) return records
    let at = 0
    return keys.map((key) => {
      if (key !== likely[at]) return undefined
      at += 1
      return records[at - 1]
    })
  }

  #latest(keys: readonly string[]): readonly (GreyRecord | undefined)[] {
    const records = this.#base.getMany(keys)
    return keys.map((key, index) => {
      const current = this.#current.get(key)
      const newer = current === undefined ? this.#moving?.changes.get(key) : current
      return newer === undefined ? records[index] : (newer ?? undefined)
    })
  }

  putMany(entries: readonly Entry[]): void | Promise<void> {
    return this.#write(entries.map(([key, record]) => [shortened(key), record]))
  }

  removeMany(keys: readonly string[]): void | Promise<void> {
    return this.#write(keys.map((key) => [shortened(key), undefined]))
  }

  async *entries(kind?: string): AsyncIterable<Entry> {
    await this.#settle()
    yield* this.#base.entries(kind)
  }

  /**
   * Past the journal: a crash brings back what expires again. What changed since is newer than what is removed, is
   * answered from memory, and comes to the store after it.
   */
  expire(expiry: Expiry, budgetMs: number): Awaitable<Expired> {
    return this.#base.expire(expiry, budgetMs)
  }

  async stats(): Promise<StoreStats> {
    await this.#settle()
    return this.#base.stats()
  }

  /** Moves what is left; what cannot be moved stays in the journal for the next start. */
  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#gatherTimer)
    clearTimeout(this.#flushTimer)
    this.#learning.end()
    await this.#settle()
    await Promise.all(this.#segments.map((segment) => segment.flush().catch(() => {})))
    for (const segment of this.#segments) segment.close()
    await this.#base.close()
  }

  #write(changes: readonly Change[]): void | Promise<void> {
    if (changes.length === 0) return
    if (this.#queued === 0 && this.#activeSegment.append(this.#generation, changes)) {
      return this.#appended(changes)
    }
    return this.#writeLater(changes)
  }

  /** Behind those that wait already: the later of two changes of a key must stay the later one. */
  async #writeLater(changes: readonly Change[]): Promise<void> {
    this.#queued += 1
    const until = performance.now() + MOST_WAIT
    const turn = this.#queue
      .then(() => this.#appendWithRoom(changes, until))
      .finally(() => (this.#queued -= 1))
    this.#queue = turn.catch(() => {})
    const { flushed } = await turn
    await flushed
  }

  /** The segment is full: its changes have to move first. With a slow disk this is what slows the senders down. */
  async #appendWithRoom(
    changes: readonly Change[],
    until: number,
  ): Promise<{ readonly flushed: void | Promise<void> }> {
    while (!this.#activeSegment.append(this.#generation, changes)) {
      if (this.#trouble !== undefined) throw new Error(this.#trouble)
      if (this.#activeSegment.empty) throw new Error('more changes at once than the journal holds')
      const moved = this.#startMove()
      moved.catch(() => {})
      await endsBefore(until, moved)
    }
    return { flushed: this.#appended(changes) }
  }

  #appended(changes: readonly Change[]): void | Promise<void> {
    const segment = this.#activeSegment
    for (const [key, record] of changes) {
      this.#learning.add(key)
      this.#current.set(key, record ?? null)
    }
    const flushed = this.#options.durability === 'strict' ? this.#flushed(segment) : undefined
    // before anybody has to wait for room
    if (segment.nearlyFull && this.#moving === undefined) this.#startMove().catch(() => {})
    else this.#gather()
    if (flushed !== undefined) return flushed
    this.#flushTimer ??= setTimeout(() => {
      this.#flushTimer = undefined
      this.#flushSoon(this.#activeSegment)
    }, FLUSH_AFTER)
  }

  /** All that was written before is durable then, too: who is answered by a change of another waits for the last one alone. */
  #flushed(segment: Segment): Promise<void> {
    const flushed = segment.flush()
    const earlier = this.#earlierFlush
    return earlier === undefined ? flushed : Promise.all([earlier, flushed]).then(() => {})
  }

  *#waitingKeys(): Iterable<string> {
    yield* this.#current.keys()
    if (this.#moving !== undefined) yield* this.#moving.changes.keys()
  }

  get #activeSegment(): Segment {
    return this.#segments[this.#active]
  }

  #gather(delay = this.#lastMoved > MANY ? GATHER_MANY : GATHER): void {
    if (this.#move !== undefined || this.#gatherTimer !== undefined || this.#closing) return
    this.#gatherTimer = setTimeout(() => {
      this.#gatherTimer = undefined
      this.#startMove().catch(() => {})
    }, delay)
  }

  /**
   * What the last run left in the journal is known at once, and moves before anything is written over it. A segment in
   * which nothing was left is written meanwhile, and not cleared afterwards.
   */
  #recover(opened: readonly Opened[]): void {
    const found = opened.filter(({ recovered }) => recovered.changes.length > 0)
    if (found.length === 0) return
    found.sort((a, b) => generationOf(a) - generationOf(b))
    const changes: Changes = new Map()
    for (const { recovered } of found)
      for (const [key, record] of recovered.changes) changes.set(key, record ?? null)
    this.#moving = { changes, segments: found.map(({ segment }) => segment) }
    if (this.#moving.segments.includes(this.#segments[0])) this.#active = 1
    this.#startMove().catch(() => {})
  }

  /** Rejects when the store cannot take them; they stay in the journal and in memory, and are tried again. */
  #startMove(): Promise<void> {
    this.#moving ??= this.#turnOver()
    this.#move ??= this.#run(this.#moving)
    return this.#move
  }

  #turnOver(): Batch {
    const batch = { changes: this.#current, segments: [this.#activeSegment] }
    // its last frames would else wait for the store's commit
    if (this.#options.durability === 'relaxed') this.#flushSoon(this.#activeSegment)
    const earlier = this.#activeSegment.flushing
    const ended = () => {
      if (this.#earlierFlush === earlier) this.#earlierFlush = undefined
    }
    earlier?.then(ended, ended)
    this.#earlierFlush = earlier
    this.#current = new Map()
    this.#active = this.#active === 0 ? 1 : 0
    this.#generation += 1
    return batch
  }

  async #run({ changes, segments }: Batch): Promise<void> {
    try {
      await this.#base.apply(await listed(changes))
      for (const segment of segments) await segment.clear(this.#generation)
      this.#moving = undefined
      this.#lastMoved = changes.size
      if (this.#trouble !== undefined) this.#options.warn('the store can be written again')
      this.#trouble = undefined
    } catch (error) {
      const { message } = error as Error
      if (this.#trouble === undefined) {
        this.#options.warn(`the store cannot be written, new triplets wait in its journal: ${message}`)
      }
      this.#trouble = message
      throw error
    } finally {
      this.#move = undefined
      if (this.#moving !== undefined) this.#gather(RETRY)
      else if (this.#current.size > 0) this.#gather()
    }
  }

  /** What was there at the call has arrived in the store, unless it cannot be written. */
  async #settle(): Promise<void> {
    // at most what is on its way and what came since: under load there is always more
    for (let round = 0; round < 2 && (this.#current.size > 0 || this.#moving !== undefined); round += 1) {
      await this.#startMove().catch(() => {})
    }
  }

  #flushSoon(segment: Segment): void {
    segment.flush().catch((error) => this.#options.warn(`the journal cannot be flushed: ${error.message}`))
  }
}

function generationOf({ recovered }: Opened): number {
  return recovered.generation ?? 0
}

/** Changes listed in one go: a fifth of a millisecond. */
const BURST = 2000

/** They do not change any more. */
async function listed(changes: Changes): Promise<readonly Change[]> {
  const list: Change[] = []
  for (const [key, record] of changes) {
    if (list.length % BURST === BURST - 1) await new Promise(setImmediate)
    list.push([key, record ?? undefined])
  }
  return list
}

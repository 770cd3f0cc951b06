import type { Expiry, GreyRecord } from '../greylist/record.js'

export type Awaitable<T> = T | Promise<T>

export type Entry = readonly [key: string, record: GreyRecord]

export interface StoreStats {
  /** `lmdb:DIR`, `memory:`, `valkey://HOST:PORT` */
  readonly spec: string
  readonly entries: number
  readonly bytes: number
  readonly shared?: SharedStats
}

/** Of a store that several daemons share: how it is with it, and with what this host remembers meanwhile. */
export interface SharedStats {
  /** Whether the server is used now. */
  readonly up: boolean
  /** Times that it could not be used any more, since the start. */
  readonly failures: number
  /** Why, the last time; undefined: it never happened. */
  readonly trouble: string | undefined
  /** Requests' keys that were looked up on this host instead. */
  readonly localReads: number
  /** Records that wait here to be merged into it. */
  readonly waiting: number
  /** Records that were. */
  readonly merged: number
}

/**
 * Entries that one slice of cleaning removes at most. Time alone is no bound: what a slice found is removed in one
 * transaction, which takes five times as long as finding it, and cannot be left half done.
 */
export const MOST_REMOVED = 1000

/** The outcome of one slice of cleaning. */
export interface Expired {
  readonly removed: number
  /** The whole store was looked at since the last slice that said so. */
  readonly done: boolean
}

/**
 * Where triplets and clients are remembered. Keys hold one character a byte; a store may replace the end of a very long
 * one by a hash, and lists it so. Reading and writing come in
 * batches, one for all requests of an event-loop turn: a store on disk flushes once for all of them, one on the
 * network makes one round trip. Whatever fails, throws (or rejects); the caller fails open.
 */
export interface Store {
  getMany(keys: readonly string[]): Awaitable<readonly (GreyRecord | undefined)[]>
  /** Returned or resolved = committed: a crash or a power failure after it forgets nothing of it. */
  putMany(entries: readonly Entry[]): Awaitable<void>
  removeMany(keys: readonly string[]): Awaitable<void>
  /**
   * All entries, or those of one kind (the first character of the key), in the order of their keys, as they were at the
   * first look; a store on the network has neither order nor first look.
   */
  entries(kind?: string): Iterable<Entry> | AsyncIterable<Entry>
  /**
   * Removes what is expired (isForgettable), at most MOST_REMOVED entries and for about so many milliseconds, then goes on
   * at the next call where it left off.
   */
  expire(expiry: Expiry, budgetMs: number): Awaitable<Expired>
  stats(): Awaitable<StoreStats>
  /** `getMany` returns no promise: there is little to gain by many keys at once. */
  readonly immediate?: boolean
  /** Of a store that several daemons share: it cannot be used, and this host remembers alone. */
  readonly alone?: boolean
  /** Of a store on the network: how an answer that has to be remembered costs one round trip. undefined: now it cannot. */
  readonly guesser?: Guesser | undefined
  close(): Promise<void>
}

/**
 * What a mail changes, decided on what was seen of it last. If it is still so, the change is written by the read that shows
 * it; if not, it is decided anew on what was read, and written by a second round trip.
 */
export interface Guess {
  readonly keys: readonly string[]
  /** What has to be stored under them. */
  readonly expected: readonly (GreyRecord | undefined)[]
  /** Under some of these keys. None: there is nothing to write, whatever is stored. */
  readonly changes: readonly Entry[]
}

export interface Outcome {
  /** What was stored, in the order of the keys. */
  readonly records: readonly (GreyRecord | undefined)[]
  /** That was as expected, nothing forbade the changes, and they are committed. */
  readonly right: boolean
}

/** The record that forbids, and an outcome for each guess. */
export type Answer = readonly [forbids: GreyRecord | undefined, outcomes: readonly Outcome[]]

export interface Guesser {
  /** What was seen there last; undefined: nothing, or not lately. */
  recall(key: string): GreyRecord | undefined
  /**
   * Each guess by itself is judged and written as one, in their order. Nothing is written while there is something under
   * `unless`.
   */
  putIf(unless: string, guesses: readonly Guess[]): Promise<Answer>
}

/** undefined: the key is to be removed. */
export type Change = readonly [key: string, record: GreyRecord | undefined]

/** A store of this machine: it answers at once, and takes many changes in the background. */
export interface LocalStore extends Store {
  getMany(keys: readonly string[]): readonly (GreyRecord | undefined)[]
  /** Without holding up the caller's turn for long. Resolved = on the disk. */
  apply(changes: readonly Change[]): Promise<void>
  /**
   * Adds the keys of all that is stored to a filter (KeyFilter), for about so many milliseconds, then goes on at the next call
   * with the same one; true when it is through. undefined: it cannot without holding up the caller.
   */
  noteKeys?(filter: SharedArrayBuffer, budgetMs: number): Promise<boolean | undefined>
}

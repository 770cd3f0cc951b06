import type { GreyRecord } from '../greylist/record.js'

export type Awaitable<T> = T | Promise<T>

export type Entry = readonly [key: string, record: GreyRecord]

export interface StoreStats {
  /** `lmdb:DIR`, `memory:` */
  readonly spec: string
  readonly entries: number
  readonly bytes: number
}

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
  /** All entries in the order of their keys, as they were at the first look. */
  entries(): Iterable<Entry> | AsyncIterable<Entry>
  /** Removes what is expired, for about so many milliseconds, then goes on at the next call where it left off. */
  expire(isExpired: (key: string, record: GreyRecord) => boolean, budgetMs: number): Awaitable<Expired>
  stats(): Awaitable<StoreStats>
  close(): Promise<void>
}

/** undefined: the key is to be removed. */
export type Change = readonly [key: string, record: GreyRecord | undefined]

/** A store of this machine: it answers at once, and takes many changes in the background. */
export interface LocalStore extends Store {
  getMany(keys: readonly string[]): readonly (GreyRecord | undefined)[]
  /** Without holding up the caller's turn for long. Resolved = on the disk. */
  apply(changes: readonly Change[]): Promise<void>
  /** As `expire`, but removes nothing. */
  findExpired(
    isExpired: (key: string, record: GreyRecord) => boolean,
    budgetMs: number,
  ): { readonly keys: readonly string[]; readonly done: boolean }
}

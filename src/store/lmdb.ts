import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'
import { decodeRecord, encodeRecord, type GreyRecord } from '../greylist/record.js'
import { LONGEST_KEY, shortened } from './long-key.js'
import type { Change, Entry, Expired, LocalStore, StoreStats } from './store.js'

/** Entries looked at before the time is looked at again: a quarter of a millisecond. */
const SLICE = 50

/** Bytes of disk that a change may take, two pages; and what is left alone for the mail's sake. */
const SPACE = 8192
const MOST_SPACE = 64 * 1024 * 1024
/** Changes handed over in one go. */
const BURST = 500

/**
 * One LMDB environment in a directory (data.mdb, lock.mdb). One process writes, others may read meanwhile. A write is
 * one synchronous transaction, flushed to disk before it returns; a crash leaves the last committed state.
 */
export class LmdbStore implements LocalStore {
  readonly #directory: string
  readonly #database: RootDatabase<Buffer, Buffer>
  #cursor: Buffer | undefined

  constructor(directory: string, options: { readonly readOnly?: boolean } = {}) {
    this.#directory = directory
    this.#database = open<Buffer, Buffer>({
      path: directory,
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      // with the default, a transaction returns before its flush has ended
      overlappingSync: false,
      cache: false,
      readOnly: options.readOnly ?? false,
    })
  }

  getMany(keys: readonly string[]): (GreyRecord | undefined)[] {
    return keys.map((key) => {
      const bytes = this.#database.getBinaryFast(bytesOf(key))
      return bytes && decodeRecord(bytes)
    })
  }

  putMany(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    this.#database.transactionSync(() => {
      for (const [key, record] of entries) this.#database.putSync(bytesOf(key), encodeRecord(record))
    })
  }

  removeMany(keys: readonly string[]): void {
    if (keys.length === 0) return
    this.#database.transactionSync(() => {
      for (const key of keys) this.#database.removeSync(bytesOf(key))
    })
  }

  async apply(changes: readonly Change[]): Promise<void> {
    this.#assertSpace(changes.length)
    // lmdb gives all changes of a transaction one promise: thousands of waits for it held the event loop up
    const written = new Set<Promise<boolean>>()
    for (const [index, [key, record]] of changes.entries()) {
      // each costs 1 to 3 µs here; the rest is done in a thread of lmdb
      if (index % BURST === BURST - 1) await new Promise(setImmediate)
      const bytes = bytesOf(key)
      written.add(record ? this.#database.put(bytes, encodeRecord(record)) : this.#database.remove(bytes))
    }
    const failed = (await Promise.allSettled(written)).find(({ status }) => status === 'rejected')
    if (failed) throw await causeOf((failed as PromiseRejectedResult).reason)
  }

  /** LMDB survives a full disk, but its library complains on standard error at each try; and mail needs the rest. */
  #assertSpace(changes: number): void {
    const { bavail, bsize } = statfsSync(this.#directory)
    const needed = Math.min(changes * SPACE, MOST_SPACE)
    if (bavail * bsize >= needed) return
    throw new Error(`no space left on device: ${Math.floor((bavail * bsize) / 1024)} KiB free`)
  }

  *entries(kind?: string): Iterable<Entry> {
    const range = kind === undefined ? {} : { start: Buffer.from(kind, 'latin1') }
    for (const { key, value } of this.#database.getRange({ ...range, snapshot: true })) {
      if (kind !== undefined && textOf(key.subarray(0, 1)) !== kind) return

      const record = decodeRecord(value)
      if (record) yield [textOf(key), record]
    }
  }

  expire(isExpired: (key: string, record: GreyRecord) => boolean, budgetMs: number): Expired {
    const { keys, done } = this.findExpired(isExpired, budgetMs)
    this.removeMany(keys)
    return { removed: keys.length, done }
  }

  findExpired(isExpired: (key: string, record: GreyRecord) => boolean, budgetMs: number) {
    const until = performance.now() + budgetMs
    const keys: string[] = []
    let done = false
    do {
      done = this.#look(isExpired, keys)
    } while (!done && performance.now() < until)
    return { keys, done }
  }

  /** One slice from the cursor on; true at the end of the store. */
  #look(isExpired: (key: string, record: GreyRecord) => boolean, doomed: string[]): boolean {
    const range = this.#database.getRange({
      ...(this.#cursor ? { start: this.#cursor, exclusiveStart: true } : {}),
      limit: SLICE,
    })
    let seen = 0
    for (const { key, value } of range) {
      seen += 1
      this.#cursor = Buffer.from(key)
      const record = decodeRecord(value)
      // what nobody can read says nothing
      if (record === undefined || isExpired(textOf(key), record)) doomed.push(textOf(key))
    }
    if (seen === SLICE) return false
    this.#cursor = undefined
    return true
  }

  stats(): StoreStats {
    const { entryCount } = this.#database.getStats() as { entryCount: number }
    return {
      spec: `lmdb:${this.#directory}`,
      entries: entryCount,
      bytes: statSync(join(this.#directory, 'data.mdb')).size,
    }
  }

  /** What others have written since counts from now on, not only from the next turn of the event loop. */
  refresh(): void {
    this.#database.resetReadTxn()
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

/** lmdb hides what the system said in a promise that is rejected with it. */
async function causeOf(error: Error & { commitError?: unknown }): Promise<Error> {
  const cause = await Promise.resolve(error.commitError).catch((reason: unknown) => reason)
  return cause instanceof Error ? cause : error
}

/** One piece of memory for all keys, seen at each length: lmdb copies a key at once, and a buffer for each costs 0.3 µs. */
const KEY = Buffer.alloc(LONGEST_KEY)
const KEYS = Array.from({ length: LONGEST_KEY + 1 }, (_, length) => KEY.subarray(0, length))

/** Valid until the next call. */
function bytesOf(key: string): Buffer {
  const name = shortened(key)
  KEY.write(name, 0, 'latin1')
  return KEYS[name.length] ?? KEY
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
}

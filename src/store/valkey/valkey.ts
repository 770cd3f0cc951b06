import type { Redis } from 'iovalkey'
import { decodeRecord, encodeRecord, type GreyRecord } from '../../greylist/record.js'
import { readOnly } from '../guess.js'
import { shortened } from '../long-key.js'
import type { Answer, Entry, Expired, Guess, Store, StoreStats } from '../store.js'
import { type Connection, disconnect } from './connect.js'
import { nameOf, type ValkeyLocation } from './location.js'
import { Names } from './names.js'
import { PutIf } from './put-if.js'

/** Seconds, from now, that a record is kept: after that nobody would believe it any more. At least 1. */
export type Lifetime = (key: string, record: GreyRecord) => number

/** Names that SCAN looks at in one go, and that are read or removed together. */
const SCAN_COUNT = 1000
/** Keys of which a node holds a part each, with near certainty: what is tried on all of them was tried everywhere. */
const TRIALS = 48
/** Where they are written: not among what is remembered. */
const TRIAL = 'trial:'
/** Seconds. */
const TRIAL_LIFETIME = 10

/**
 * A Valkey or Redis server, or a cluster of them. One command reads all that a turn needs, with a cluster one a mail;
 * all writes of a turn go out together. Commands of different turns follow each other without waiting. What is put is
 * committed when the server says so: it is in the server's memory then, and on its disk as its own configuration says.
 * Keys expire by themselves.
 */
export class ValkeyStore implements Store {
  readonly #connection: Connection
  readonly #location: ValkeyLocation
  readonly #names: Names
  readonly #lifetime: Lifetime
  /** undefined: a cluster, where a triplet and its client are on different nodes. */
  readonly #putIf: PutIf | undefined

  constructor(connection: Connection, location: ValkeyLocation, lifetime: Lifetime) {
    this.#connection = connection
    this.#location = location
    this.#names = new Names(location.prefix)
    this.#lifetime = lifetime
    const { kind, client } = connection
    this.#putIf = kind === 'server' ? new PutIf(client, (key) => this.#name(key), lifetime) : undefined
  }

  async getMany(keys: readonly string[]): Promise<(GreyRecord | undefined)[]> {
    if (keys.length === 0) return []
    const found = await this.#read(keys.map((key) => this.#name(key)))
    return found.map((bytes) => (bytes ? decodeRecord(bytes) : undefined))
  }

  async putMany(entries: readonly Entry[]): Promise<void> {
    const { client } = this.#connection
    await all(
      entries.map(([key, record]) =>
        client.set(this.#name(key), encodeRecord(record), 'EX', Math.max(1, this.#lifetime(key, record))),
      ),
    )
  }

  /** As Guesser has it (store.ts), where `whyNoGuesses` has nothing to say. What has nothing to be written is only read. */
  putIf(unless: string, guesses: readonly Guess[]): Promise<Answer> {
    const getMany = (keys: readonly string[]) => this.getMany(keys)
    const writes = guesses.filter(({ changes }) => changes.length > 0)
    if (this.#putIf === undefined || writes.length === 0) return readOnly(getMany, unless, guesses)
    if (writes.length === guesses.length) return this.#putIf.run(unless, guesses)
    const reads = guesses.filter(({ changes }) => changes.length === 0)
    return both(guesses, this.#putIf.run(unless, writes), readOnly(getMany, unless, reads))
  }

  /** Why `putIf` cannot be used; undefined: it can. Rejects when the connection fails. */
  async whyNoGuesses(): Promise<string | undefined> {
    if (this.#putIf === undefined) return 'of a cluster'
    try {
      await this.#putIf.run(TRIAL, [])
      return undefined
    } catch (error) {
      // what a server answers, not what became of the connection
      if ((error as Error).name === 'ReplyError') return (error as Error).message
      throw error
    }
  }

  async removeMany(keys: readonly string[]): Promise<void> {
    const { client } = this.#connection
    await all(keys.map((key) => client.del(this.#name(key))))
  }

  /** As SCAN finds them: in no order, those that come and go meanwhile perhaps, and seldom one twice. */
  async *entries(kind = ''): AsyncIterable<Entry> {
    for (const server of this.#servers()) {
      let cursor = '0'
      do {
        const [next, names] = await server.scan(
          cursor,
          'MATCH',
          this.#names.pattern(kind),
          'COUNT',
          SCAN_COUNT,
        )
        cursor = next
        const records = names.length === 0 ? [] : await this.#read(names)
        for (const [at, name] of names.entries()) {
          const key = this.#names.keyOf(name)
          const bytes = records[at]
          const record = bytes ? decodeRecord(bytes) : undefined
          if (key !== undefined && record !== undefined) yield [key, record]
        }
      } while (cursor !== '0')
    }
  }

  /** The server does it. */
  async expire(): Promise<Expired> {
    return { removed: 0, done: true }
  }

  /** Of the whole database: a server of its own is best. */
  async stats(): Promise<StoreStats> {
    let [entries, bytes] = [0, 0]
    for (const server of this.#servers()) {
      entries += await server.dbsize()
      bytes += Number(/^used_memory:(\d+)/m.exec(await server.info('memory'))?.[1] ?? 0)
    }
    return { spec: nameOf(this.#location), entries, bytes }
  }

  /** Whether it takes writes, on every node. Rejects with the server's reason: a full memory, a replica, no quorum. */
  async assertWritable(): Promise<void> {
    const { client } = this.#connection
    const count = this.#connection.kind === 'cluster' ? TRIALS : 1
    await all(
      Array.from({ length: count }, (_, index) =>
        client.set(this.#name(`${TRIAL}${index}`), '', 'EX', TRIAL_LIFETIME),
      ),
    )
  }

  async close(): Promise<void> {
    disconnect(this.#connection)
  }

  #name(key: string): string {
    return this.#names.of(shortened(key))
  }

  #servers(): readonly Redis[] {
    const { kind, client } = this.#connection
    return kind === 'cluster' ? client.nodes('master') : [client]
  }

  async #read(names: readonly string[]): Promise<(Buffer | null | undefined)[]> {
    const { kind, client } = this.#connection
    if (kind === 'server') return client.mgetBuffer([...names])
    const places = new Map<string, number[]>()
    for (const [at, name] of names.entries()) {
      const tag = this.#names.tagOf(name)
      const together = places.get(tag)
      if (together) together.push(at)
      else places.set(tag, [at])
    }
    const found: (Buffer | null | undefined)[] = []
    await all(
      [...places.values()].map(async (group) => {
        const records = await client.mgetBuffer(group.map((at) => names[at] ?? ''))
        group.forEach((at, index) => {
          found[at] = records[index]
        })
      }),
    )
    return found
  }
}

/** The outcomes of those that write and of those that do not, in the order of all. */
async function both(
  guesses: readonly Guess[],
  writes: Promise<Answer>,
  reads: Promise<Answer>,
): Promise<Answer> {
  const [[forbids, written], [, read]] = await Promise.all([writes, reads])
  const next = { written: 0, read: 0 }
  const outcomes = guesses.map(({ changes }) => {
    const outcome = changes.length > 0 ? written[next.written++] : read[next.read++]
    return outcome ?? { records: [], right: false }
  })
  return [forbids, outcomes]
}

/** Rejects with the first reason, and leaves no rejection unheard. */
async function all(commands: readonly Promise<unknown>[]): Promise<void> {
  await Promise.all(commands)
}

import { EXPECTATIONS } from '../greylist/expected.js'
import { CLIENT } from '../greylist/key.js'
import { isPool } from '../greylist/pool.js'
import { isExpired } from '../greylist/record.js'
import {
  allowed,
  allowedClient,
  concerns,
  type Known,
  type KnownTriplet,
  knownOf,
  type Rules,
  type Subject,
} from './known.js'
import { type Access, withSharedStore } from './shared.js'
import type { Entry, Store, StoreStats } from './store.js'

/** Which store, how its records are judged, and when (epoch seconds). */
export interface Query {
  readonly directory: string
  readonly rules: Rules
  readonly now: number
  /** How keys are kept from whoever reads the store; undefined: they are not. Asked late: the key lies beside the store. */
  readonly seal?: (() => (text: string) => string) | undefined
  /** undefined: as the daemon has it by default. */
  readonly identity?: 'pool' | 'subnet'
}

const KINDS = ['waiting', 'due', 'passed', 'counting', 'whitelisted', 'expected', 'expired'] as const

export interface StoreSummary extends StoreStats {
  /** By state; keys that cannot be taken apart are counted too. */
  readonly states: Readonly<Record<(typeof KINDS)[number], number>>
  readonly triplets: number
  readonly clients: number
  /** Epoch seconds of the oldest first try and the latest sight; undefined for an empty store. */
  readonly oldest: number | undefined
  readonly newest: number | undefined
}

function within<T>(query: Query, access: Access, work: (store: Store) => Promise<T>): Promise<T> {
  return withSharedStore(query.directory, access, work)
}

async function* known(store: Store, { rules, now }: Query): AsyncIterable<Known> {
  for await (const entry of store.entries()) {
    if (entry[0] !== EXPECTATIONS) yield knownOf(entry, rules, now)
  }
}

export function summarize(query: Query): Promise<StoreSummary> {
  return within(query, 'read', async (store) => {
    const states = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<
      (typeof KINDS)[number],
      number
    >
    let [triplets, clients] = [0, 0]
    let [oldest, newest]: (number | undefined)[] = []
    for await (const one of known(store, query)) {
      states[one.state] += 1
      if (one.type === 'triplet') triplets += 1
      if (one.type === 'client') clients += 1
      oldest = Math.min(oldest ?? one.first, one.first)
      newest = Math.max(newest ?? one.last, one.last)
    }
    return { ...(await store.stats()), states, triplets, clients, oldest, newest }
  })
}

export interface Listing {
  readonly records: readonly Known[]
  /** That matched, shown or not. */
  readonly total: number
}

/** The first records in the order of their keys that are wanted. */
export function listRecords(
  query: Query,
  wanted: (known: Known) => boolean,
  limit: number,
): Promise<Listing> {
  return within(query, 'read', async (store) => {
    const records: Known[] = []
    let total = 0
    for await (const one of known(store, query)) {
      if (!wanted(one)) continue
      total += 1
      if (records.length < limit) records.push(one)
    }
    return { records, total }
  })
}

/**
 * What concerns somebody. Of a client's address also what is known of its pools: a mail is remembered under the network and
 * under each pool at the same moment, so the same mail with the same first try is theirs.
 */
export async function findRecords(query: Query, subject: Subject, limit: number): Promise<Listing> {
  const kin = subject.kind === 'client' ? await poolRecordsOf(query, subject) : new Set<string>()
  return listRecords(query, (known) => kin.has(known.key) || concerns(known, subject), limit)
}

/** Keys of the triplets and clients that stand for pools of this client. */
function poolRecordsOf(query: Query, subject: Subject): Promise<ReadonlySet<string>> {
  return within(query, 'read', async (store) => {
    const mails = new Set<string>()
    for await (const one of known(store, query)) {
      if (one.type === 'triplet' && concerns(one, subject)) mails.add(mailOf(one))
    }
    const keys = new Set<string>()
    if (mails.size === 0) return keys
    for await (const one of known(store, query)) {
      if (one.type !== 'triplet' || !isPool(one.network) || !mails.has(mailOf(one))) continue
      keys.add(one.key).add(CLIENT + one.network)
    }
    return keys
  })
}

function mailOf({ sender, recipient, first }: KnownTriplet): string {
  return [sender, recipient, first].join('\n')
}

export function everyEntry(query: Query, take: (entry: Entry) => void): Promise<void> {
  return within(query, 'read', async (store) => {
    for await (const entry of store.entries()) take(entry)
  })
}

/** Removes what is known of a client, a mail address or a domain; undefined: everything. The removed records. */
export function forget(query: Query, subject: Subject | undefined): Promise<readonly Known[]> {
  return within(query, 'write', async (store) => {
    const doomed: Known[] = []
    for await (const one of known(store, query)) {
      if (subject === undefined || concerns(one, subject)) doomed.push(one)
    }
    for (let at = 0; at < doomed.length; at += 500) {
      await store.removeMany(doomed.slice(at, at + 500).map(({ key }) => key))
    }
    return doomed
  })
}

export interface Allowed {
  /** Triplets that waited and pass from now on. */
  readonly triplets: readonly KnownTriplet[]
  /** The client that is whitelisted from now on. */
  readonly client: string | undefined
}

/**
 * The next mail passes: from a client because it counts as one that earned the automatic whitelist, of a mail address
 * or domain because each triplet with it that waits counts as one that has passed.
 */
export function allow(query: Query, subject: Subject): Promise<Allowed> {
  const { rules, now } = query
  return within(query, 'write', async (store) => {
    if (subject.kind === 'client') {
      await store.putMany([allowedClient(subject.address, rules, now)])
      return { triplets: [], client: subject.address }
    }
    const triplets: KnownTriplet[] = []
    const entries: Entry[] = []
    for await (const one of known(store, query)) {
      if (one.type !== 'triplet' || !concerns(one, subject)) continue
      const entry = allowed(one, now)
      if (entry === undefined) continue
      triplets.push(one)
      entries.push(entry)
    }
    await store.putMany(entries)
    return { triplets, client: undefined }
  })
}

/** Whether a record says nothing any more, by these rules and this time. */
export function expiredBy({ rules, now }: Query): (key: string, record: Entry[1]) => boolean {
  return (key, record) => isExpired(key.slice(0, 1), record, rules, now)
}

import { EXPECTATIONS } from '../greylist/expected.js'
import { CLIENT, sealedKey } from '../greylist/key.js'
import { isPool } from '../greylist/pool.js'
import { isExpired } from '../greylist/record.js'
import {
  allowed,
  allowedClient,
  concerns,
  type Known,
  type KnownTriplet,
  knownOf,
  type Mail,
  type Rules,
  type Subject,
  type Wanted,
} from './known.js'
import { keysOfMail, keysOfSubject } from './lookup.js'
import type { Access } from './shared.js'
import type { Entry, Store, StoreStats } from './store.js'
import { type Place, placeName, withStore } from './where.js'

/** Which store, how its records are judged, and when (epoch seconds). */
export interface Query {
  readonly store: Place
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
  /** Triplets whose keys do not tell their parts: sealed ones (--privacy), and very long ones. */
  readonly others: number
  /** Epoch seconds of the oldest first try and the latest sight; undefined for an empty store. */
  readonly oldest: number | undefined
  readonly newest: number | undefined
}

function within<T>(query: Query, access: Access, work: (store: Store) => Promise<T>): Promise<T> {
  return withStore(query, access, work)
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
    let [triplets, clients, others] = [0, 0, 0]
    let [oldest, newest]: (number | undefined)[] = []
    for await (const one of known(store, query)) {
      states[one.state] += 1
      if (one.type === 'triplet') triplets += 1
      if (one.type === 'client') clients += 1
      if (one.type === 'other') others += 1
      oldest = Math.min(oldest ?? one.first, one.first)
      newest = Math.max(newest ?? one.last, one.last)
    }
    return { ...(await store.stats()), states, triplets, clients, others, oldest, newest }
  })
}

/** A store as one look tells: how much it holds, or why it cannot be asked. */
export interface StoreGlance extends StoreStats {
  readonly trouble?: string
}

/** Without going through all of it where it is a server, which may hold more than a person wants to wait for. */
export async function glance(query: Query): Promise<StoreSummary | StoreGlance> {
  const { store } = query
  if (store.kind === 'lmdb') return summarize(query)
  try {
    return await within(query, 'read', (server) => Promise.resolve(server.stats()))
  } catch (error) {
    return { spec: placeName(store), entries: 0, bytes: 0, trouble: (error as Error).message }
  }
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
  return within(query, 'read', (store) => collect(known(store, query), wanted, limit))
}

/** What concerns somebody, and what is known of mails: a private store knows those by all their parts only. */
export function findRecords(
  query: Query,
  subject: Wanted,
  limit: number,
  mails: readonly Mail[] = [],
): Promise<Listing> {
  return within(query, 'read', async (store) => {
    const kin = subject.kind === 'client' ? await poolRecordsOf(store, query, subject) : new Set<string>()
    return collect(concerned(store, query, subject, mails, kin), () => true, limit)
  })
}

async function collect(
  all: AsyncIterable<Known>,
  wanted: (known: Known) => boolean,
  limit: number,
): Promise<Listing> {
  const records: Known[] = []
  let total = 0
  for await (const one of all) {
    if (!wanted(one)) continue
    total += 1
    if (records.length < limit) records.push(one)
  }
  return { records, total }
}

async function* concerned(
  store: Store,
  query: Query,
  subject: Wanted,
  mails: readonly Mail[] = [],
  kin: ReadonlySet<string> = new Set(),
): AsyncIterable<Known> {
  const { rules, now, seal } = query
  if (subject.kind === 'mail') yield* lookedUp(store, keysOfMail(subject, rules), query)
  else for await (const one of known(store, query)) if (kin.has(one.key) || concerns(one, subject)) yield one
  if (seal === undefined) return
  const sealWith = seal()
  const keys = [...keysOfSubject(subject, rules), ...mails.flatMap((mail) => keysOfMail(mail, rules))]
  yield* lookedUp(store, keys, { rules, now }, (key) => sealedKey(key, sealWith))
}

/** Of a sealed key it is known what it stands for, since it was made from that. */
async function* lookedUp(
  store: Store,
  keys: readonly string[],
  { rules, now }: Pick<Query, 'rules' | 'now'>,
  stored: (key: string) => string = (key) => key,
): AsyncIterable<Known> {
  const names = [...new Set(keys)]
  const records = await store.getMany(names.map(stored))
  for (const [at, name] of names.entries()) {
    const record = records[at]
    if (record) yield { ...knownOf([name, record], rules, now), key: stored(name) }
  }
}

/**
 * Keys of the triplets and clients that stand for pools of this client: a mail is remembered under the network and under
 * each pool at the same moment, so the same mail with the same first try is theirs.
 */
async function poolRecordsOf(store: Store, query: Query, subject: Subject): Promise<ReadonlySet<string>> {
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
export function forget(query: Query, subject: Wanted | undefined): Promise<readonly Known[]> {
  return within(query, 'write', async (store) => {
    const doomed: Known[] = []
    const found = subject === undefined ? known(store, query) : concerned(store, query, subject)
    for await (const one of found) doomed.push(one)
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
export function allow(query: Query, subject: Wanted): Promise<Allowed> {
  const { rules, now } = query
  return within(query, 'write', async (store) => {
    if (subject.kind === 'client') {
      const [key, record] = allowedClient(subject.address, rules, now)
      await store.putMany([[query.seal ? sealedKey(key, query.seal()) : key, record]])
      return { triplets: [], client: subject.address }
    }
    const triplets: KnownTriplet[] = []
    const entries: Entry[] = []
    for await (const one of concerned(store, query, subject)) {
      const entry = one.type === 'triplet' ? allowed(one, now) : undefined
      if (one.type !== 'triplet' || entry === undefined) continue
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

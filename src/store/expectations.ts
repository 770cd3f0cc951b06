import {
  EXPECTATIONS,
  type Expectation,
  expectationKey,
  expectationOf,
  expectationRecord,
  type Said,
  saidOf,
} from '../greylist/expected.js'
import { EXPECTED } from '../greylist/key.js'
import type { GreyRecord } from '../greylist/record.js'
import type { Query } from './query.js'
import type { Store } from './store.js'
import { withStore } from './where.js'

/** One that somebody said. Times are epoch seconds. */
export interface KnownExpectation extends Said {
  /** undefined: sealed (--privacy), so that the store does not tell whom it is about. */
  readonly about: Expectation | undefined
  readonly from: number
  readonly until: number
}

type ExpectationQuery = Pick<Query, 'store' | 'rules' | 'now' | 'seal'>

/** From now on, for so many seconds. A second one about the same mail takes the first one's place. */
export function expectMail(
  query: ExpectationQuery,
  about: Expectation,
  seconds: number,
  said: Said,
): Promise<KnownExpectation> {
  const { now } = query
  return withStore(query, 'write', async (store) => {
    const until = now + seconds
    const key = expectationKey(about, query.seal?.())
    // a daemon joins what it is given with what it has: the longer time, whoever said it
    await store.removeMany([key])
    await store.putMany([
      [key, expectationRecord(now, until, said)],
      [EXPECTATIONS, { first: now, last: await lastOf(store, until), count: 0 }],
    ])
    return { about, from: now, until, ...said }
  })
}

async function lastOf(store: Store, until: number): Promise<number> {
  const [marker] = await store.getMany([EXPECTATIONS])
  return Math.max(until, marker?.last ?? 0)
}

/** Those that hold. */
export function listExpectations(query: ExpectationQuery): Promise<readonly KnownExpectation[]> {
  const { now } = query
  return withStore(query, 'read', async (store) => {
    const found: KnownExpectation[] = []
    for await (const [key, record] of expectations(store)) {
      if (record.last >= now) found.push(knownExpectation(key, record))
    }
    return found
  })
}

/** Those of this sender, for whomever unless a recipient is named. What is gone now. */
export function cancelExpectations(
  query: ExpectationQuery,
  sender: string,
  recipient?: string,
): Promise<readonly KnownExpectation[]> {
  const { now } = query
  return withStore(query, 'write', async (store) => {
    const seal = query.seal?.()
    const named = expectationKey({ sender, recipient: recipient ?? '' }, seal)
    const doomed: (readonly [string, KnownExpectation])[] = []
    for await (const [key, record] of expectations(store)) {
      const known = knownExpectation(key, record)
      const isOfSender = recipient === undefined && known.about?.sender === sender
      if (key !== named && !isOfSender) continue
      doomed.push([key, { ...known, about: known.about ?? { sender, recipient: recipient ?? '' } }])
    }
    await store.removeMany(doomed.map(([key]) => key))
    return doomed.map(([, known]) => known).filter(({ until }) => until >= now)
  })
}

function knownExpectation(key: string, record: GreyRecord): KnownExpectation {
  return { about: expectationOf(key), from: record.first, until: record.last, ...saidOf(record) }
}

async function* expectations(store: Store): AsyncIterable<readonly [string, GreyRecord]> {
  for await (const [key, record] of store.entries(EXPECTED)) {
    if (key !== EXPECTATIONS) yield [key, record]
  }
}

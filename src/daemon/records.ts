import { EXPECTATIONS } from '../greylist/expected.js'
import type { GreyRecord } from '../greylist/record.js'
import type { Store } from '../store/store.js'
import type { Asked } from './work.js'

type Found = readonly (GreyRecord | undefined)[]

/**
 * Reads what is stored of each question. One read for all: a read of its own for each takes half as much time again. Where
 * the store answers at once, a mail of a pool is first looked for under the pool alone; if that is `enough`, as it is for
 * whatever is known, the network's record would say no more, and its key and the look-up take half a microsecond.
 * True if somebody waits for mail (expected.ts).
 */
export function readRecords(
  store: Store,
  asked: readonly Asked[],
  enough: (key: string, record: GreyRecord | undefined) => boolean,
): boolean | Promise<boolean> {
  const atFirst = store.immediate ? 1 : Number.POSITIVE_INFINITY
  const keys: string[] = [EXPECTATIONS]
  for (const question of asked) pushKeys(keys, question, atFirst)
  const found = store.getMany(keys)
  if (found instanceof Promise) return found.then((records) => deal(records, asked, atFirst))
  const any = deal(found, asked, atFirst)
  const doubtful = asked.filter(
    ({ keys: { triplets: names }, triplets }) => names.length > 1 && !enough(names[0] ?? '', triplets[0]),
  )
  if (doubtful.length > 0) readRest(store, doubtful)
  return any
}

function pushKeys(into: string[], { keys }: Asked, triplets: number): void {
  for (let at = 0; at < keys.triplets.length && at < triplets; at += 1) into.push(keys.triplets[at] ?? '')
  for (const key of keys.clients) into.push(key)
}

function deal(found: Found, asked: readonly Asked[], triplets: number): boolean {
  let place = 1
  for (const question of asked) {
    const { keys } = question
    const clients = place + Math.min(keys.triplets.length, triplets)
    question.triplets = found.slice(place, clients)
    place = clients + keys.clients.length
    question.clients = found.slice(clients, place)
  }
  return found[0] !== undefined
}

/** The triplets' records but the first. */
function readRest(store: Store, asked: readonly Asked[]): void {
  const found = store.getMany(asked.flatMap(({ keys }) => keys.triplets.slice(1)))
  // one that is immediate answers at once
  if (found instanceof Promise) throw new Error('the store does not answer at once')
  let place = 0
  for (const question of asked) {
    const more = question.keys.triplets.length - 1
    question.triplets = [question.triplets[0], ...found.slice(place, place + more)]
    place += more
  }
}

import { EXPECTATIONS } from '../greylist/expected.js'
import type { GreyRecord } from '../greylist/record.js'
import type { Store } from '../store/store.js'
import type { Asked } from './work.js'

type Found = readonly (GreyRecord | undefined)[]

/**
 * Reads what is stored of each question. One read for all: a read of its own for each takes half as much time again. Where
 * the store answers at once, a mail of a pool is first looked for under the pool alone; if that is `enough`, as it is within
 * an hour of the last mail, it passes by that, and three look-ups (a microsecond) are spared. True if somebody
 * waits for mail (expected.ts).
 */
export function readRecords(
  store: Store,
  asked: readonly Asked[],
  enough: (key: string, record: GreyRecord | undefined) => boolean,
): boolean | Promise<boolean> {
  const pooled = store.immediate ? asked.filter(isPooled) : []
  if (pooled.length > 0) readFirst(store, pooled)
  const rest =
    pooled.length === 0
      ? asked
      : asked.filter(
          ({ keys, triplets }) => triplets.length === 0 || !enough(keys.triplets[0] ?? '', triplets[0]),
        )
  const keys: string[] = [EXPECTATIONS]
  for (const { keys: own, triplets } of rest) {
    for (let at = triplets.length; at < own.triplets.length; at += 1) keys.push(own.triplets[at] ?? '')
    for (const key of own.clients) keys.push(key)
  }
  const found = store.getMany(keys)
  if (found instanceof Promise) return found.then((records) => deal(records, rest))
  return deal(found, rest)
}

function isPooled({ keys }: Asked): boolean {
  return keys.triplets.length > 1
}

/** Of each, the record of the surest key. */
function readFirst(store: Store, asked: readonly Asked[]): void {
  const found = store.getMany(asked.map(({ keys }) => keys.triplets[0] ?? ''))
  // one that is immediate answers at once
  if (found instanceof Promise) throw new Error('the store does not answer at once')
  for (const [place, question] of asked.entries()) question.triplets = [found[place]]
}

/** Behind what was read of each before. Whether somebody waits for mail. */
function deal(found: Found, asked: readonly Asked[]): boolean {
  let place = 1
  for (const question of asked) {
    const { keys, triplets } = question
    const clients = place + keys.triplets.length - triplets.length
    question.triplets =
      triplets.length === 0 ? found.slice(place, clients) : [...triplets, ...found.slice(place, clients)]
    place = clients + keys.clients.length
    question.clients = found.slice(clients, place)
  }
  return found[0] !== undefined
}

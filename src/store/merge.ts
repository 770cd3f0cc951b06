import type { GreyRecord } from '../greylist/record.js'
import type { Entry, Store } from './store.js'

/** Records of one transaction: the daemon waits no longer than for one of its own. */
const BATCH = 500

export interface Merged {
  /** Records that came. */
  readonly read: number
  /** Of them: nothing was known of it. */
  readonly added: number
  /** Of them: both knew something, and the store knows more now. */
  readonly updated: number
  /** Of them: said nothing any more, and were left out. */
  readonly expired: number
}

/**
 * Takes records in, beside those that are there. So it may run twice, and while the daemon writes.
 */
export async function mergeEntries(
  store: Store,
  entries: Iterable<Entry> | AsyncIterable<Entry>,
  isExpired: (key: string, record: GreyRecord) => boolean,
): Promise<Merged> {
  const totals = { read: 0, added: 0, updated: 0, expired: 0 }
  let batch = new Map<string, GreyRecord>()
  const flush = async () => {
    const keys = [...batch.keys()]
    const known = await store.getMany(keys)
    const changed: Entry[] = []
    keys.forEach((key, at) => {
      const incoming = batch.get(key)
      const found = known[at]
      if (incoming === undefined) return
      const before = found && isExpired(key, found) ? undefined : found
      const after = joined(before, incoming)
      if (before === undefined) totals.added += 1
      else if (after === before) return
      else totals.updated += 1
      changed.push([key, after])
    })
    batch = new Map()
    await store.putMany(changed)
  }
  for await (const [key, record] of entries) {
    totals.read += 1
    if (isExpired(key, record)) {
      totals.expired += 1
      continue
    }
    batch.set(key, joined(batch.get(key), record))
    if (batch.size >= BATCH) await flush()
  }
  await flush()
  return totals
}

/** What has passed on either side has passed, and the longer history counts. `known` itself when nothing is new to it. */
export function joined(known: GreyRecord | undefined, incoming: GreyRecord): GreyRecord {
  if (known === undefined) return incoming
  const after = {
    first: Math.min(known.first, incoming.first),
    last: Math.max(known.last, incoming.last),
    count: Math.max(known.count, incoming.count),
  }
  const same = after.first === known.first && after.last === known.last && after.count === known.count
  return same ? known : after
}

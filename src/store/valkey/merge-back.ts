import type { GreyRecord } from '../../greylist/record.js'
import { joined } from '../merge.js'
import type { Entry, Store } from '../store.js'
import { within } from './link.js'

/** Records of one round trip each way. */
const BATCH = 200
/** Milliseconds for one: nobody waits for it. */
const PATIENCE = 2000
/** Milliseconds between two: mail comes first. */
const PAUSE = 5

/**
 * Moves what one host learned alone into the shared store, joined with what is known there, while mail goes on. What
 * changed here since it was read stays for the next time. Returns how many records there were. Rejects when the server
 * fails.
 */
export async function mergeBack(apart: Store, shared: Store, isUsed: () => boolean): Promise<number> {
  let merged = 0
  for await (const batch of batches(apart.entries())) {
    if (!isUsed()) break
    await within(move(batch, apart, shared), PATIENCE)
    merged += batch.length
    await new Promise((resolve) => setTimeout(resolve, PAUSE))
  }
  return merged
}

async function move(batch: readonly Entry[], apart: Store, shared: Store): Promise<void> {
  const keys = batch.map(([key]) => key)
  const there = await shared.getMany(keys)
  await shared.putMany(
    batch.flatMap(([key, record], at): Entry[] => {
      const known = there[at]
      const after = joined(known, record)
      return after === known ? [] : [[key, after]]
    }),
  )
  const now = await apart.getMany(keys)
  const arrived = batch.filter(([, record], at) => same(record, now[at])).map(([key]) => key)
  await apart.removeMany(arrived)
}

function same(a: GreyRecord, b: GreyRecord | undefined): boolean {
  return b !== undefined && a.first === b.first && a.last === b.last && a.count === b.count
}

async function* batches(entries: Iterable<Entry> | AsyncIterable<Entry>): AsyncIterable<readonly Entry[]> {
  let batch: Entry[] = []
  for await (const entry of entries) {
    batch.push(entry)
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

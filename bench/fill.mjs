/**
 * Fills a store without a daemon: node fill.mjs PROGRAM DIRECTORY COUNT AGE. AGE: seconds since the triplets were seen;
 * all of them passed once.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { inKeyOrder, requestOf } from './triplets.mjs'

const [program, directory, count, age] = process.argv.slice(2)
const { LmdbStore } = await import(join(program, 'dist/store/lmdb.js'))
const { keysOf } = await import(join(program, 'dist/greylist/key.js'))
const { parseAddress } = await import(join(program, 'dist/greylist/address.js'))
const { DEFAULT_POLICY } = await import(join(program, 'dist/greylist/policy.js'))

/** Triplets of one transaction. */
const BATCH = 100_000

mkdirSync(directory, { recursive: true })
const store = new LmdbStore(directory)
const seen = Math.floor(Date.now() / 1000) - Number(age)
let entries = []
for (const index of inKeyOrder(Number(count))) {
  const request = requestOf(index)
  const [triplet] = keysOf(request, parseAddress(request.clientAddress), DEFAULT_POLICY).triplets
  entries.push([triplet, { first: seen - 100, last: seen, count: 1 }])
  if (entries.length === BATCH) {
    store.putMany(entries)
    entries = []
  }
}
store.putMany(entries)
const { bytes, entries: total } = store.stats()
if (total !== Number(count)) throw new Error(`${total} entries instead of ${count}`)
await store.close()
console.log(JSON.stringify({ bytes }))

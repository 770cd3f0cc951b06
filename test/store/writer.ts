/** Writes batches without end, and says on standard output which one is committed. Killed by its test. */
import { writeSync } from 'node:fs'
import { openStore } from '../../src/store/open.js'

const store = openStore({ kind: 'lmdb', directory: process.argv[2] ?? '' })
const start = Number(process.argv[3])
for (let batch = start; batch < start + 100_000; batch += 1) {
  await store.putMany(
    Array.from({ length: 10 }, (_, index) => [`t${batch}-${index}`, { first: batch, last: index, count: 0 }]),
  )
  writeSync(1, `${batch}\n`)
}

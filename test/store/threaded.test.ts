import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GreyRecord } from '../../src/greylist/record.js'
import { LmdbThread } from '../../src/store/lmdb-thread.js'
import { openStore } from '../../src/store/open.js'
import { MOST_REMOVED, type Store } from '../../src/store/store.js'
import { conforms } from './conformance.js'
import { buildThreads, type Threads } from './thread.js'

const made: string[] = []
let threads: Threads
beforeAll(async () => {
  threads = await buildThreads()
})
afterAll(async () => {
  await threads.end()
  for (const path of made) rmSync(path, { recursive: true, force: true })
})

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'greyctl-thread-'))
  made.push(path)
  return path
}

const open = (path: string, warn: (message: string) => void, thread = threads.start(warn)): Store =>
  openStore({ kind: 'lmdb', directory: path }, { durability: 'strict', warn, thread })
const unwarned = (message: string) => expect.unreachable(message)
const record = (first: number): GreyRecord => ({ first, last: first, count: 1 })
const numbered = (count: number, first: number) =>
  Array.from({ length: count }, (_, index) => [`t${index}`, record(first)] as const)

conforms('lmdb with a journal and a thread', () => open(directory(), unwarned), {
  ordered: true,
  forgets: false,
})

describe('a store that a thread writes', () => {
  it('answers and learns between any two slices of cleaning', async () => {
    const store = open(directory(), unwarned)
    await store.putMany(numbered(20_000, 1))
    await store.stats()
    const expiry = { maxAge: 10, retryWindow: 10, now: 1000, sealed: false }
    const slices: number[] = []
    let turns = 0
    for (let done = false; !done; ) {
      let sliced = false
      const cleaning = Promise.resolve(store.expire(expiry, 60_000)).finally(() => {
        sliced = true
      })
      // however long the slice takes, the event loop turns
      while (!sliced) {
        expect(store.getMany(['t20001', `new${turns}`])).toEqual([undefined, undefined])
        const committed = store.putMany([[`new${turns}`, record(1000)]])
        expect(store.getMany([`new${turns}`])).toEqual([record(1000)])
        await committed
        turns += 1
      }
      const slice = await cleaning
      slices.push(slice.removed)
      done = slice.done
    }
    expect(Math.max(...slices)).toBeLessThanOrEqual(MOST_REMOVED)
    expect(slices.reduce((a, b) => a + b, 0)).toBe(20_000)
    expect(turns).toBeGreaterThanOrEqual(slices.length)
    expect(await store.stats()).toMatchObject({ entries: turns })
    await store.close()
  })

  it('keeps what changed while it was being removed', async () => {
    const store = open(directory(), unwarned)
    await store.putMany(numbered(3000, 1))
    await store.stats()
    const cleaning = store.expire({ maxAge: 10, retryWindow: 10, now: 1000, sealed: false }, 60_000)
    await store.putMany([['t0', record(1000)]])
    await cleaning
    expect(store.getMany(['t0'])).toEqual([record(1000)])
    await store.stats()
    expect(store.getMany(['t0'])).toEqual([record(1000)])
    await store.close()
  })

  it('starts anew when it turns out to be damaged in use', async () => {
    const path = directory()
    const first = open(path, unwarned)
    await first.putMany(numbered(20_000, 1))
    await first.close()
    const file = join(path, 'data.mdb')
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0, 2 * 4096))
    const warnings: string[] = []
    const store = open(path, (message) => warnings.push(message))
    await expect((async () => store.getMany(['t7']))()).rejects.toThrow()
    await store.putMany([['tnew', record(2)]])
    await store.stats()
    expect(store.getMany(['tnew', 't7'])).toEqual([record(2), undefined])
    expect(warnings).toEqual([expect.stringContaining('is damaged')])
    await store.close()
    expect(readdirSync(path).some((name) => name.startsWith('data.mdb.damaged-'))).toBe(true)
  })

  it('is written without one where no thread can be started', async () => {
    const warnings: string[] = []
    const warn = (message: string) => warnings.push(message)
    const store = open(directory(), warn, new LmdbThread(warn, new URL('file:///nowhere/worker.mjs')))
    await store.putMany([['tnew', record(2)]])
    expect(await store.stats()).toMatchObject({ entries: 1 })
    await store.close()
    expect(warnings).toEqual([expect.stringContaining('the thread that writes the store ended')])
  })

  it('keeps in its journal what came after its thread had ended', async () => {
    const path = directory()
    const warnings: string[] = []
    const warn = (message: string) => warnings.push(message)
    const thread = threads.start(warn)
    const store = open(path, warn, thread)
    await store.putMany([['told', record(1)]])
    await store.stats()
    await thread.end()
    await store.putMany([['tnew', record(2)]])
    await store.stats()
    expect(store.getMany(['told', 'tnew'])).toEqual([record(1), record(2)])
    expect(warnings).toEqual([expect.stringContaining('the store cannot be written')])
    await store.close()
    const next = open(path, unwarned)
    expect(next.getMany(['told', 'tnew'])).toEqual([record(1), record(2)])
    await next.close()
  })
})

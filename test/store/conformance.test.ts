import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { GreyRecord } from '../../src/greylist/record.js'
import { openStore, type StoreSpec } from '../../src/store/open.js'
import type { Entry, Store } from '../../src/store/store.js'

const made: string[] = []
const opened: Store[] = []

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'greyctl-store-'))
  made.push(path)
  return path
}

const lmdb = (): StoreSpec => ({ kind: 'lmdb', directory: directory() })
const warn = (message: string) => expect.unreachable(message)

const KINDS: Readonly<Record<string, () => Store>> = {
  memory: () => openStore({ kind: 'memory' }),
  lmdb: () => openStore(lmdb()),
  'lmdb with a journal': () => openStore(lmdb(), { durability: 'strict', warn }),
  'lmdb with a journal that lags': () => openStore(lmdb(), { durability: 'relaxed', warn }),
}

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
})

const record = (first: number): GreyRecord => ({ first, last: first + 1, count: 0 })

async function all(store: Store): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of store.entries()) entries.push(entry)
  return entries
}

describe.each(Object.entries(KINDS))('the %s store', (_, make) => {
  const open = () => {
    const store = make()
    opened.push(store)
    return store
  }

  it('knows what was put, and nothing else', async () => {
    const store = open()
    await store.putMany([
      ['ta', record(1)],
      ['tb', record(2)],
    ])
    expect(await store.getMany(['tb', 'tc', 'ta'])).toEqual([record(2), undefined, record(1)])
    await store.putMany([['ta', record(9)]])
    await store.removeMany(['tb', 'tc'])
    expect(await store.getMany(['ta', 'tb'])).toEqual([record(9), undefined])
    expect(await store.stats()).toMatchObject({ entries: 1 })
  })

  it('takes empty batches', async () => {
    const store = open()
    await store.putMany([])
    await store.removeMany([])
    expect(await store.getMany([])).toEqual([])
    expect(await all(store)).toEqual([])
  })

  it('lists entries in the order of their keys', async () => {
    const store = open()
    await store.putMany(['tb', 'c1', 'ta', 't\u00ff', 'tB'].map((key, index) => [key, record(index)]))
    expect((await all(store)).map(([key]) => key)).toEqual(['c1', 'tB', 'ta', 'tb', 't\u00ff'])
  })

  it('agrees with a map, whatever is done with it', async () => {
    const key = fc.oneof(
      fc.constantFrom('ta', 'tb', 'c1', 't', 't\u00e9\n\u0000'),
      fc
        .string({
          minLength: 1,
          maxLength: 3000,
          unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
        })
        .map((text) => `t${text}`),
    )
    const value = fc.record({ first: fc.nat(), last: fc.nat(), count: fc.nat() })
    const step = fc.oneof(
      fc.array(fc.tuple(key, value), { maxLength: 5 }).map((entries) => ({ put: entries })),
      fc.array(key, { maxLength: 3 }).map((keys) => ({ remove: keys })),
    )
    const store = open()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const model = new Map<string, GreyRecord>()
        for (const action of steps) {
          if ('put' in action) {
            await store.putMany(action.put)
            for (const [name, put] of action.put) model.set(name, put)
          } else {
            await store.removeMany(action.remove)
            for (const name of action.remove) model.delete(name)
          }
        }
        const names = [...model.keys()]
        expect(await store.getMany(names)).toEqual(names.map((name) => model.get(name)))
        expect((await store.stats()).entries).toBe(model.size)
        await store.removeMany(names)
      }),
      { numRuns: 60 },
    )
    expect(await all(store)).toEqual([])
  })

  it('removes what is expired in slices, and nothing else', async () => {
    const store = open()
    await store.putMany(Array.from({ length: 5000 }, (_, index) => [`t${index}`, record(index)]))
    // what is on its way to the disk expires later
    await store.stats()
    let removed = 0
    let slices = 0
    for (let done = false; !done && slices < 100_000; slices += 1) {
      const result = await store.expire((_, { first }) => first % 2 === 0, 0)
      removed += result.removed
      done = result.done
    }
    expect(removed).toBe(2500)
    expect(slices).toBeGreaterThan(10)
    const left = await all(store)
    expect(left).toHaveLength(2500)
    expect(left.every(([, { first }]) => first % 2 === 1)).toBe(true)
    expect(await store.expire(() => true, 10_000)).toEqual({ removed: 2500, done: true })
    expect(await store.expire(() => true, 10_000)).toEqual({ removed: 0, done: true })
  })
})

import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Expiry, GreyRecord } from '../../src/greylist/record.js'
import { type Awaitable, type Entry, MOST_REMOVED, type Store } from '../../src/store/store.js'

const record = (first: number): GreyRecord => ({ first, last: first + 1, count: 0 })

/** What was not seen since this second is expired. */
const since = (now: number): Expiry => ({ maxAge: 0, retryWindow: 1e9, now, sealed: false })
const OLD = 1000

async function all(store: Store): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of store.entries()) entries.push(entry)
  return entries
}

/** What a kind of store does of its own. */
export interface Traits {
  /** It lists entries in the order of their keys. */
  readonly ordered: boolean
  /** It forgets by itself, and need not be told to. */
  readonly forgets: boolean
}

/** What every store has to do, whatever it is made of. */
export function conforms(name: string, make: () => Awaitable<Store>, traits: Traits): void {
  describe(`the ${name} store`, () => {
    const opened: Store[] = []
    const open = async () => {
      const store = await make()
      opened.push(store)
      return store
    }

    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close()
    })
    it('knows what was put, and nothing else', async () => {
      const store = await open()
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
      const store = await open()
      await store.putMany([])
      await store.removeMany([])
      expect(await store.getMany([])).toEqual([])
      expect(await all(store)).toEqual([])
    })

    it.runIf(traits.ordered)('lists entries in the order of their keys', async () => {
      const store = await open()
      await store.putMany(['tb', 'c1', 'ta', 't\u00ff', 'tB'].map((key, index) => [key, record(index)]))
      expect((await all(store)).map(([key]) => key)).toEqual(['c1', 'tB', 'ta', 'tb', 't\u00ff'])
    })

    it('lists those of one kind', async () => {
      const store = await open()
      await store.putMany(['tb', 'c1', 'ea', 'ta', 'eb\nx'].map((key, index) => [key, record(index)]))
      const found: string[] = []
      for await (const [key] of store.entries('e')) found.push(key)
      expect(found.sort()).toEqual(['ea', 'eb\nx'])
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
      const step = fc.record(
        {
          put: fc.array(fc.tuple(key, value), { maxLength: 5 }),
          remove: fc.array(key, { maxLength: 3 }),
        },
        { requiredKeys: [] },
      )
      const store = await open()
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const model = new Map<string, GreyRecord>()
          for (const { put = [], remove = [] } of steps) {
            await store.putMany(put)
            for (const [name, value] of put) model.set(name, value)
            await store.removeMany(remove)
            for (const name of remove) model.delete(name)
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

    it.skipIf(traits.forgets)('removes what is expired in slices, and nothing else', async () => {
      const store = await open()
      await store.putMany(
        Array.from({ length: 5000 }, (_, index) => [`t${index}`, record(index % 2 === 0 ? 1 : OLD)]),
      )
      // what is on its way to the disk expires later
      await store.stats()
      const clean = async (now: number, budget: number) => {
        const removed: number[] = []
        for (let done = false; !done && removed.length < 100_000; ) {
          const slice = await store.expire(since(now), budget)
          removed.push(slice.removed)
          done = slice.done
        }
        return { slices: removed.length, most: Math.max(...removed), all: removed.reduce((a, b) => a + b, 0) }
      }
      const short = await clean(OLD, 0)
      expect(short.all).toBe(2500)
      expect(short.slices).toBeGreaterThan(10)
      const left = await all(store)
      expect(left).toHaveLength(2500)
      expect(left.every(([, { first }]) => first === OLD)).toBe(true)
      // a machine that stood still for a while gives a slice all the time of the world, but no more to remove
      const long = await clean(2 * OLD, 10_000)
      expect(long.all).toBe(2500)
      expect(long.most).toBeLessThanOrEqual(MOST_REMOVED)
      expect(await clean(2 * OLD, 10_000)).toEqual({ slices: 1, most: 0, all: 0 })
    })
  })
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GreyRecord } from '../../src/greylist/record.js'
import { Front } from '../../src/store/front.js'
import { MemoryStore } from '../../src/store/memory.js'
import type { Change, LocalStore } from '../../src/store/store.js'

const record = (first: number): GreyRecord => ({ first, last: first, count: 0 })

/** A store that takes changes in the background, counts what is looked up, and can fail. */
class Slow extends MemoryStore implements LocalStore {
  looked = 0
  full = false

  override getMany(keys: readonly string[]) {
    this.looked += keys.length
    return super.getMany(keys)
  }

  async apply(changes: readonly Change[]): Promise<void> {
    for (const [index, [key, value]] of changes.entries()) {
      await Promise.resolve()
      if (this.full && index > 0) throw new Error('no space left on device')
      if (value) this.putMany([[key, value]])
      else this.removeMany([key])
    }
  }
}

describe('what is in memory before the store', () => {
  it('looks up once what is asked for again, there or not', () => {
    const base = new Slow()
    base.putMany([['ta', record(1)]])
    const front = new Front(base)
    for (let time = 0; time < 3; time += 1) {
      expect(front.getMany(['ta', 'cb', 'ta'])).toEqual([record(1), undefined, record(1)])
    }
    expect(base.looked).toBe(3)
  })

  it('keeps what is asked for, and no more than twice its size', () => {
    const base = new Slow()
    const front = new Front(base, 10)
    for (let index = 0; index < 1000; index += 1) {
      front.getMany(['often', `c${index}`])
    }
    // "often" at the first time alone
    expect(base.looked).toBe(1001)
    for (let index = 0; index < 970; index += 1) front.getMany([`c${index}`])
    expect(base.looked).toBe(1971)
  })

  it('says after a change what the store says, and asks it after one that failed', async () => {
    const base = new Slow()
    const front = new Front(base)
    front.getMany(['ta', 'tb'])
    const change = front.apply([
      ['ta', record(1)],
      ['tc', record(3)],
    ])
    // read while it is on its way, and kept: it must not stay
    front.getMany(['ta', 'tc'])
    await change
    expect(front.getMany(['ta', 'tb', 'tc'])).toEqual([record(1), undefined, record(3)])
    base.full = true
    const failed = front.apply([
      ['tb', record(2)],
      ['ta', undefined],
    ])
    await expect(failed).rejects.toThrow('no space left')
    expect(front.getMany(['ta', 'tb'])).toEqual([record(1), record(2)])
  })

  it('agrees with the store, whatever is done', async () => {
    const key = fc.constantFrom('ta', 'tb', 'cc', 'cd', 'te')
    const step = fc.oneof(
      fc.record({ do: fc.constant('get' as const), keys: fc.array(key) }),
      fc.record({
        do: fc.constant('apply' as const),
        changes: fc.array(fc.tuple(key, fc.option(fc.nat(9).map(record), { nil: undefined }))),
      }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const base = new Slow()
        const front = new Front(base, 2)
        for (const one of steps) {
          if (one.do === 'get') expect(front.getMany(one.keys)).toEqual(base.getMany(one.keys))
          else await front.apply(one.changes)
        }
      }),
    )
  })
})

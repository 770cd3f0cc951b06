import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GreyRecord } from '../../src/greylist/record.js'
import { Absence } from '../../src/store/absence.js'
import { Front } from '../../src/store/front.js'
import { JournaledStore } from '../../src/store/journaled.js'
import { hashOfText } from '../../src/store/key-filter.js'
import { LmdbStore } from '../../src/store/lmdb.js'
import { ThreadedStore } from '../../src/store/threaded.js'
import { buildThreads, type Threads } from './thread.js'

const record = (first: number): GreyRecord => ({ first, last: first, count: 1 })

describe('what a store lacks', () => {
  it('is not known until its keys are learned, by those who add what was there before', () => {
    const absence = new Absence()
    expect([absence.lacks('ta'), absence.isWanted]).toEqual([false, true])
    const filter = absence.learn(1)
    absence.add('tnew')
    filter.add(hashOfText('told'))
    expect([absence.lacks('ta'), absence.isWanted]).toEqual([false, false])
    absence.learned()
    expect(['told', 'tnew', 'ta'].map((key) => absence.lacks(key))).toEqual([false, false, true])
  })

  it('is learned anew when there are more keys than there was room for; until then nothing is lost', () => {
    const absence = new Absence(10)
    absence.learn(0)
    absence.learned()
    for (let at = 0; at <= 10; at += 1) absence.add(`t${at}`)
    expect(absence.isWanted).toBe(true)
    absence.learn(11)
    absence.add('tmore')
    expect(Array.from({ length: 11 }, (_, at) => absence.lacks(`t${at}`))).not.toContain(true)
    absence.giveUp()
    expect(absence.isWanted).toBe(false)
    expect(absence.lacks('tmore')).toBe(false)
  })
})

describe('a store whose absent keys are known', () => {
  const directory = mkdtempSync(join(tmpdir(), 'greyctl-absence-'))
  let threads: Threads
  beforeAll(async () => {
    threads = await buildThreads()
  })
  afterAll(async () => {
    await threads.end()
    rmSync(directory, { recursive: true, force: true })
  })

  /** Little room, so that keys are learned again and again. */
  function open(path: string): { readonly store: JournaledStore; readonly absence: Absence } {
    // as the daemon does before it opens one
    mkdirSync(path, { recursive: true })
    const absence = new Absence(20)
    const file = new ThreadedStore(new LmdbStore(path), threads.start(expect.unreachable))
    const options = { durability: 'relaxed', patience: 5, warn: expect.unreachable } as const
    const store = new JournaledStore(new Front(file, 30, absence), path, {
      ...options,
      absence,
      learnAfter: 1,
    })
    return { store, absence }
  }

  const key = fc.nat({ max: 200 }).map((number) => `${number % 3 === 0 ? 'c' : 't'}${number}`)
  const ALL = Array.from({ length: 201 }, (_, number) => [`c${number}`, `t${number}`]).flat()
  const steps = fc.array(
    fc.oneof(
      fc.record({ put: fc.array(key, { minLength: 1, maxLength: 40 }) }),
      fc.record({ remove: fc.array(key, { minLength: 1, maxLength: 10 }) }),
      fc.record({ wait: fc.constantFrom(2, 130) }),
      fc.constantFrom('settle' as const, 'reopen' as const),
    ),
    { minLength: 5, maxLength: 15 },
  )

  it('answers as one that looks everything up, whatever was learned when', async () => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(steps, async (made) => {
        runs += 1
        const path = join(directory, String(runs))
        const expected = new Map<string, GreyRecord>()
        let { store } = open(path)
        for (const [at, step] of made.entries()) {
          if (step === 'reopen') {
            await store.close()
            store = open(path).store
          } else await (step === 'settle' ? store.stats() : change(store, expected, step, record(at)))
          expect(store.getMany(ALL)).toEqual(ALL.map((one) => expected.get(one)))
        }
        await store.close()
      }),
      { numRuns: Number(process.env.GREYCTL_ABSENCE_RUNS ?? 6) },
    )
  })

  it('looks up no key that it lacks', async () => {
    const path = join(directory, 'lacks')
    const first = open(path)
    await first.store.putMany(Array.from({ length: 300 }, (_, number) => [`told${number}`, record(1)]))
    await first.store.close()
    const { store, absence } = open(path)
    while (!absence.lacks('tnever')) await sleep(5)
    expect(store.getMany(['tnever', 'told7', 'cnever'])).toEqual([undefined, record(1), undefined])
    await store.putMany([['tnew', record(2)]])
    expect(store.getMany(['tnew', 'tnever', 'told7', 'tnew'])).toEqual([
      record(2),
      undefined,
      record(1),
      record(2),
    ])
    await store.close()
  })
})

interface Step {
  readonly put?: readonly string[]
  readonly remove?: readonly string[]
  readonly wait?: number
}

async function change(
  store: JournaledStore,
  expected: Map<string, GreyRecord>,
  { put = [], remove = [], wait = 0 }: Step,
  value: GreyRecord,
): Promise<void> {
  for (const key of put) expected.set(key, value)
  for (const key of remove) expected.delete(key)
  await store.putMany(put.map((key) => [key, value]))
  await store.removeMany(remove)
  await sleep(wait)
}

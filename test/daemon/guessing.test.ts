import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GreyRecord } from '../../src/greylist/record.js'
import { asExpected, readOnly } from '../../src/store/guess.js'
import { MemoryStore } from '../../src/store/memory.js'
import type { Answer, Guess, Guesser, Store } from '../../src/store/store.js'
import { type Days, days, play, START } from './fleet.js'

/** A memory elsewhere: what is asked of it is answered later, and counted. */
function remote(memory: MemoryStore, guessing: boolean) {
  const counts = { reads: 0, writes: 0, right: 0 }
  const seen = new Map<string, GreyRecord | undefined>()
  const getMany = async (keys: readonly string[]) => {
    counts.reads += 1
    return memory.getMany(keys)
  }
  const guesser: Guesser = {
    recall: (key) => seen.get(key),
    putIf: async (unless, guesses) => {
      counts.reads += 1
      const answer = putIf(memory, unless, guesses)
      for (const [at, { keys, changes }] of guesses.entries()) {
        const outcome = answer[1][at]
        for (const [place, key] of keys.entries()) seen.set(key, outcome?.records[place])
        if (outcome?.right) for (const [key, record] of changes) seen.set(key, record)
        if (outcome?.right) counts.right += 1
      }
      return answer
    },
  }
  const store: Store = {
    getMany,
    putMany: async (entries) => {
      counts.writes += 1
      memory.putMany(entries)
    },
    removeMany: async (keys) => memory.removeMany(keys),
    entries: (kind) => memory.entries(kind),
    expire: (expiry, budget) => memory.expire(expiry, budget),
    stats: () => memory.stats(),
    close: () => memory.close(),
    guesser: guessing ? guesser : undefined,
  }
  return { store, counts }
}

/** One after the other, as the script on a server does it (store/valkey/put-if.ts). */
function putIf(memory: MemoryStore, unless: string, guesses: readonly Guess[]): Answer {
  const [forbids] = memory.getMany([unless])
  const outcomes = guesses.map((guess) => {
    const records = memory.getMany(guess.keys)
    const right = forbids === undefined && asExpected(guess, records)
    if (right) memory.putMany(guess.changes)
    return { records, right }
  })
  return [forbids, outcomes]
}

async function played(of: Days, guessing: boolean) {
  const memory = new MemoryStore()
  const hosts = [remote(memory, guessing), remote(memory, guessing)]
  const outcome = await play(
    of,
    hosts.map(({ store }) => store),
    memory,
    { now: START },
  )
  return { outcome, remembered: [...memory.entries()], hosts }
}

const rules = { delay: 60, autoWhitelist: 2, learn: false, outbound: undefined }
const SHARED: Days['happenings'] = [
  { kind: 'mails', host: 0, mails: [{ client: 0, sender: 0, recipient: 1 }] },
  {
    kind: 'mails',
    host: 1,
    mails: [0, 1].map((client) => ({ client, sender: 0, recipient: 0 })),
  },
]

describe('a decision that is made before asking', () => {
  it('is the one that would have been made after it: the same answers, and the same is remembered', async () => {
    await fc.assert(
      fc.asyncProperty(days, async (of) => {
        const [guessed, asked] = [await played(of, true), await played(of, false)]
        expect(guessed.outcome).toEqual(asked.outcome)
        expect(guessed.outcome.warnings).toEqual([])
        expect(guessed.remembered).toEqual(asked.remembered)
      }),
      // two of one turn that share a triplet, of which the first is known better elsewhere
      { numRuns: 300, examples: [[{ rules: { ...rules, delay: 0 }, happenings: SHARED }]] },
    )
  })

  const mails = (host: number, client = 0): Days['happenings'][number] => ({
    kind: 'mails',
    host,
    mails: [{ client, sender: 0, recipient: 0 }],
  })
  const time = (seconds: number): Days['happenings'][number] => ({ kind: 'time', seconds })

  it.each([0, 1])(
    'costs one round trip a mail where nobody else wrote meanwhile (pools: %i)',
    async (client) => {
      const happenings = [
        mails(0, client), // deferred, and remembered
        mails(0, client), // too early
        time(60),
        mails(0, client), // passes, and so is its client known
        mails(0, client),
        time(3600),
        mails(0, client), // seen anew
      ]
      const { outcome, hosts } = await played({ rules, happenings }, true)
      expect(outcome.answers.map((answer) => /action=(\w+)/.exec(answer)?.[1])).toEqual([
        'DEFER_IF_PERMIT',
        'DEFER_IF_PERMIT',
        'PREPEND',
        'DUNNO',
        'DUNNO',
      ])
      expect(hosts[0]?.counts).toEqual({ reads: 5, writes: 0, right: 5 })
    },
  )

  it('costs a second one where somebody else did', async () => {
    const happenings = [mails(0), time(60), mails(1)]
    const { outcome, hosts } = await played({ rules, happenings }, true)
    expect(outcome.answers[1]).toMatch(/^action=PREPEND/)
    expect(hosts[1]?.counts).toEqual({ reads: 1, writes: 1, right: 0 })
  })

  it('is not made where nothing can be written at once', async () => {
    const [forbids, outcomes] = await readOnly(async (keys) => keys.map(() => undefined), 'e', [
      { keys: ['a'], expected: [undefined], changes: [] },
      { keys: ['b'], expected: [undefined], changes: [['b', { first: 1, last: 1, count: 0 }]] },
    ])
    expect(forbids).toBeUndefined()
    expect(outcomes.map(({ right }) => right)).toEqual([true, false])
  })
})

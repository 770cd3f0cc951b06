import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Engine } from '../../src/daemon/engine.js'
import type { Pools } from '../../src/daemon/pools.js'
import { parseAddress } from '../../src/greylist/address.js'
import { changesOf, decide } from '../../src/greylist/decide.js'
import { keysOf } from '../../src/greylist/key.js'
import type { Policy } from '../../src/greylist/policy.js'
import { type GreyRecord, isForgettable } from '../../src/greylist/record.js'
import type { PolicyRequest } from '../../src/greylist/request.js'
import { Absence } from '../../src/store/absence.js'
import { Front } from '../../src/store/front.js'
import { JournaledStore } from '../../src/store/journaled.js'
import { LmdbStore } from '../../src/store/lmdb.js'
import { shortened } from '../../src/store/long-key.js'
import { joined } from '../../src/store/merge.js'
import { ThreadedStore } from '../../src/store/threaded.js'
import { policy, request } from '../greylist/fixtures.js'
import { buildThreads, type Threads } from '../store/thread.js'
import { anEngine } from './an-engine.js'

/**
 * The daemon's engine with all that makes it fast (turns, pools looked up alone, journal, memory in front, filter of keys, a
 * thread that writes and cleans) beside one that decides mail after mail over a plain map, whatever happens in between.
 */
const base = mkdtempSync(join(tmpdir(), 'greyctl-model-'))
let threads: Threads
beforeAll(async () => {
  threads = await buildThreads()
})
afterAll(async () => {
  await threads.end()
  rmSync(base, { recursive: true, force: true })
})

/** Warnings: there is no reason for any. */
const said: string[] = []

const BEGIN = 1_800_000_000
const DAY = 86_400

/** Small, so that keys are learned, and what is in memory dropped, again and again. */
function open(directory: string): Opened {
  mkdirSync(directory, { recursive: true })
  const absence = new Absence(10)
  const thread = threads.start((text) => said.push(text))
  const file = new ThreadedStore(new LmdbStore(directory), thread)
  const front = new Front(file, 15, absence)
  const store = new JournaledStore(front, directory, {
    durability: 'strict',
    patience: 5,
    warn: (text) => said.push(text),
    absence,
    learnAfter: 1,
  })
  const close = async () => {
    await store.close()
    await thread.end()
  }
  return { store, close }
}

interface Opened {
  readonly store: JournaledStore
  close(): Promise<void>
}

/** A client of one organisation, of two, or of none. */
const poolsOf = ({ clientName, sender }: PolicyRequest) => [
  ...(clientName.endsWith('.big.example') ? ['@big.example'] : []),
  ...(sender.endsWith('@spf.example') ? ['=spf.example'] : []),
]
const parts: Pick<Pools, 'of' | 'shared' | 'deserving' | 'learn'> = {
  of: poolsOf,
  shared: (_, belongs) => belongs,
  deserving: (shared) => shared,
  learn: () => {},
}
const pools = parts as Pools

const mail = fc.record({
  clientAddress: fc.constantFrom('192.0.2.1', '192.0.2.2', '198.51.100.7', '2001:db8::1', '2001:db8:1::1'),
  clientName: fc.constantFrom('unknown', 'a.big.example', 'b.big.example', 'mail.small.example'),
  sender: fc.constantFrom(
    '',
    'a@spf.example',
    'b@spf.example',
    'c@x.example',
    `${'l'.repeat(600)}@x.example`,
  ),
  recipient: fc.constantFrom('r@example.com', 's@example.com', 'now@example.com'),
})
type Mail = Pick<PolicyRequest, 'clientAddress' | 'clientName' | 'sender' | 'recipient'>
type Step =
  | { readonly mails: readonly (readonly Mail[])[] }
  | { readonly forget: readonly Mail[] }
  | { readonly allow: readonly Mail[] }
  | { readonly later: number }
  | { readonly wait: number }
  | { readonly rules: Partial<Policy> }
  | 'clean'
  | 'reopen'
  | 'crash'
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      mails: fc.array(fc.array(mail, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 14 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ forget: fc.array(mail, { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ allow: fc.array(mail, { minLength: 1, maxLength: 3 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({ later: fc.constantFrom(1, 30, 61, 400, 3601, DAY, 3 * DAY, -20, -3700) }),
  },
  { weight: 2, arbitrary: fc.record({ wait: fc.constantFrom(0, 2, 130) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      rules: fc.record({ delay: fc.constantFrom(0, 60, 300), autoWhitelist: fc.constantFrom(0, 1, 3) }),
    }),
  },
  { weight: 3, arbitrary: fc.constantFrom('clean' as const, 'reopen', 'crash') },
)

class World {
  readonly known = new Map<string, GreyRecord>()
  #directory: string
  #crashes = 0
  #opened: Opened
  #engine: Engine
  #now = BEGIN
  #cleaned = false
  #policy: Policy = policy({ autoWhitelist: 3 })

  constructor(directory: string) {
    this.#directory = directory
    this.#opened = open(directory)
    this.#engine = this.#begin()
  }

  #begin(): Engine {
    return anEngine({
      store: this.#opened.store,
      pools,
      policy: () => this.#policy,
      texts: () => ({ action: 'DEFER', text: 'wait %s', header: 'X: %t', hostname: 'mx', version: '0' }),
      log: { rarely: (_, text) => said.push(text) },
      quiet: () => true,
      clock: () => this.#now * 1000,
    })
  }

  /** Several connections at once, each with several mails. */
  async ask(jobs: readonly (readonly Mail[])[]): Promise<void> {
    const answers = jobs.map(
      (mails) =>
        new Promise<string>((answer) =>
          this.#engine.submit({ requests: mails.map(request), answer, received: performance.now() }),
        ),
    )
    const expected = jobs.map((mails) => mails.map((one) => this.#expected(request(one))))
    const found = (await Promise.all(answers)).map((text) => text.split('\n\n').filter(Boolean).map(inShort))
    expect(said).toEqual([])
    expect(found).toEqual(expected)
  }

  #keys(asked: PolicyRequest) {
    return keysOf(asked, parseAddress(asked.clientAddress) ?? [], this.#policy, poolsOf(asked))
  }

  #expected(asked: PolicyRequest): string {
    const keys = this.#keys(asked)
    const of = (names: readonly string[]) => names.map((key) => this.known.get(shortened(key)))
    const made = decide(
      asked,
      { triplets: of(keys.triplets), clients: of(keys.clients) },
      this.#policy,
      this.#now,
    )
    for (const [key, record] of changesOf(made, keys)) this.known.set(shortened(key), record)
    return made.action === 'pass' ? 'pass' : `wait ${made.waitSeconds}`
  }

  async change(mails: readonly Mail[], record: GreyRecord | undefined): Promise<void> {
    const keys = [...new Set(mails.flatMap((one) => this.#keys(request(one)).triplets).map(shortened))]
    const after = (before: GreyRecord | undefined) => record && joined(before, record)
    const done = this.#engine.change(keys, (_, before) => after(before))
    for (const key of keys) {
      const changed = after(this.known.get(key))
      if (changed) this.known.set(key, changed)
      else this.known.delete(key)
    }
    await done
  }

  async take(one: Step): Promise<void> {
    if (one === 'clean') await this.#clean()
    else if (one === 'reopen') await this.#reopen(this.#directory)
    else if (one === 'crash') await this.#crash()
    else if ('mails' in one) await this.ask(one.mails)
    else if ('forget' in one) await this.change(one.forget, undefined)
    else if ('allow' in one) await this.change(one.allow, { first: this.#now, last: this.#now, count: 1 })
    else if ('rules' in one) this.#policy = { ...this.#policy, ...one.rules }
    else if ('wait' in one) await sleep(one.wait)
    // what was cleaned away does not come back with the time
    else if (one.later > 0 || !this.#cleaned) this.#now += one.later
  }

  async #clean(): Promise<void> {
    this.#cleaned = true
    const { maxAge, retryWindow } = this.#policy
    const expiry = { maxAge, retryWindow, now: this.#now, sealed: false }
    // not awaited at once: what comes meanwhile is kept
    const cleaning = this.#opened.store.expire(expiry, 5)
    for (const [key, record] of this.known) if (isForgettable(key, record, expiry)) this.known.delete(key)
    await this.ask([
      [
        {
          clientAddress: '192.0.2.9',
          clientName: 'unknown',
          sender: 'n@x.example',
          recipient: 'r@example.com',
        },
      ],
    ])
    await cleaning
  }

  async #reopen(directory: string): Promise<void> {
    await this.#opened.close()
    this.#directory = directory
    this.#opened = open(directory)
    this.#engine = this.#begin()
  }

  /** As SIGKILL leaves it, at this moment. */
  async #crash(): Promise<void> {
    this.#crashes += 1
    const left = `${this.#directory}-${this.#crashes}`
    cpSync(this.#directory, left, { recursive: true, filter: (path) => !path.endsWith('lock.mdb') })
    await this.#reopen(left)
  }

  async end(): Promise<void> {
    await this.#opened.close()
  }
}

/** A deferral with its seconds, or a pass: for what reason, a mail of a pool may say otherwise (decision 7). */
function inShort(reply: string): string {
  return /wait \d+$/.exec(reply)?.[0] ?? 'pass'
}

it('decides as one that looks everything up, mail after mail', async () => {
  let runs = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 25 }), async (steps) => {
      runs += 1
      said.length = 0
      const world = new World(join(base, String(runs)))
      try {
        for (const one of steps) await world.take(one)
      } finally {
        await world.end()
      }
    }),
    { numRuns: Number(process.env.GREYCTL_MODEL_RUNS ?? 8) },
  )
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Decision, decide, type Known, saysAll } from '../../src/greylist/decide.js'
import type { Policy } from '../../src/greylist/policy.js'
import type { GreyRecord } from '../../src/greylist/record.js'
import { Automaton } from './automaton.js'
import { clients, policy, recipients, request } from './fixtures.js'

const NOW = 1_800_000_000
const DAY = 86_400

/** Visits in order, each with the records that the ones before left. */
function run(times: readonly number[], rules: Policy = policy()): Decision[] {
  let known: Known = {}
  return times.map((time) => {
    const decision = decide(request(), known, rules, time)
    known = {
      triplets: decision.triplet ? [decision.triplet] : (known.triplets ?? []),
      clients: decision.client ? [decision.client.record] : (known.clients ?? []),
    }
    return decision
  })
}

const outcome = ({ action, reason, waitSeconds, delaySeconds }: Decision) =>
  [action, reason, waitSeconds ?? delaySeconds].filter((part) => part !== undefined).join(' ')

describe('a triplet', () => {
  it.each<[string, readonly number[], readonly string[]]>([
    ['is deferred at first', [0], ['defer new 60']],
    ['is deferred again when it retries early', [0, 10], ['defer new 60', 'defer early-retry 50']],
    ['is new to a retry in the same second', [0, 0], ['defer new 60', 'defer new 60']],
    [
      'passes exactly after the delay',
      [0, 59, 60],
      ['defer new 60', 'defer early-retry 1', 'pass triplet found 60'],
    ],
    [
      'passes without further delay then',
      [0, 90, 91],
      ['defer new 60', 'pass triplet found 90', 'pass triplet found'],
    ],
    [
      'passes at the end of the retry window',
      [0, 2 * DAY],
      ['defer new 60', `pass triplet found ${2 * DAY}`],
    ],
    ['starts anew after the retry window', [0, 2 * DAY + 1], ['defer new 60', 'defer new 60']],
    [
      'is known for the maximum age',
      [0, 60, 60 + 35 * DAY],
      ['defer new 60', 'pass triplet found 60', 'pass triplet found'],
    ],
    [
      'is forgotten after the maximum age',
      [0, 60, 61 + 35 * DAY],
      ['defer new 60', 'pass triplet found 60', 'defer new 60'],
    ],
    [
      'waits anew, and no longer, after the clock went back',
      [1000, 0, 60],
      ['defer new 60', 'defer new 60', 'pass triplet found 60'],
    ],
  ])('%s', (_, offsets, expected) => {
    expect(run(offsets.map((offset) => NOW + offset)).map(outcome)).toEqual(expected)
  })

  it('is known after the clock went back, and its last-seen time follows the clock', () => {
    const [, passed, back] = run([NOW, NOW + 100, NOW + 50])
    expect(passed && outcome(passed)).toBe('pass triplet found 100')
    expect(back && outcome(back)).toBe('pass triplet found')
    expect(back?.triplet).toEqual({ first: NOW, last: NOW + 50, count: 1 })
  })

  it('costs a write at first, at its first pass, and then at most once an hour', () => {
    const decisions = run([0, 10, 60, 61, 3659, 3660, 3661].map((offset) => NOW + offset))
    expect(decisions.map(({ triplet }) => triplet !== undefined)).toEqual([
      true,
      false,
      true,
      false,
      false,
      true,
      false,
    ])
  })

  it('never waits when there is no delay', () => {
    expect(run([NOW, NOW], policy({ delay: 0 })).map(outcome)).toEqual([
      'pass triplet found 0',
      'pass triplet found',
    ])
  })

  it('agrees with an automaton that remembers everything', () => {
    const step = fc.oneof(
      fc.integer({ min: 0, max: 120 }),
      fc.integer({ min: 3500, max: 3700 }),
      fc.integer({ min: 2 * DAY - 100, max: 2 * DAY + 100 }),
      // nothing around the maximum age: last-seen times may lag an hour behind
      fc.integer({ min: 0, max: 35 * DAY - 3600 }),
      fc.integer({ min: 35 * DAY + 1, max: 40 * DAY }),
    )
    const steps = fc.array(step, { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 600 }), (pauses, delay) => {
        const rules = policy({ delay, autoWhitelist: 0 })
        const automaton = new Automaton({ delay, window: rules.retryWindow, age: rules.maxAge })
        let now = NOW
        const times = pauses.map((pause) => {
          now += pause
          return now
        })
        const waits = times.map((time) => automaton.visit(time))
        expect(run(times, rules).map(({ waitSeconds = 0 }) => waitSeconds)).toEqual(waits)
      }),
      { numRuns: 500 },
    )
  })

  it('always passes at the moment that its deferral promised, whatever its clock did before', () => {
    const times = fc.array(fc.integer({ min: 0, max: 3 * DAY }), { minLength: 1, maxLength: 10 })
    fc.assert(
      fc.property(times, (offsets) => {
        const decisions = run(offsets.map((offset) => NOW + offset))
        const last = decisions.at(-1)
        const wait = last?.waitSeconds ?? 0
        const again = run([...offsets, (offsets.at(-1) ?? 0) + wait].map((offset) => NOW + offset))
        expect(again.at(-1)?.action).toBe('pass')
      }),
    )
  })
})

describe('automatic whitelisting', () => {
  const passes = (count: number, every: number) =>
    Array.from({ length: count }, (_, index) => ({
      first: NOW + index * every,
      again: NOW + index * every + 60,
    }))

  /** Mails of one client with ever new senders. */
  function mails(count: number, every: number, rules = policy()) {
    let client: GreyRecord | undefined
    return passes(count, every).map(({ first, again }) => {
      const deferred = decide(request(), { clients: [client] }, rules, first)
      const passed = decide(request(), { clients: [client], triplets: [deferred.triplet] }, rules, again)
      client = passed.client?.record ?? client
      return { deferred: deferred.reason, whitelisted: passed.nowWhitelisted ?? false, client }
    })
  }

  it('takes five passes, an hour apart', () => {
    const seen = mails(6, 3600)
    expect(seen.map(({ deferred }) => deferred)).toEqual(['new', 'new', 'new', 'new', 'new', 'client AWL'])
    expect(seen.map(({ whitelisted }) => whitelisted)).toEqual([false, false, false, false, true, false])
  })

  it('counts once an hour', () => {
    expect(mails(6, 600).map(({ client }) => client?.count)).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('is off with 0', () => {
    expect(
      mails(9, 3600, policy({ autoWhitelist: 0 })).every(
        ({ deferred, client }) => deferred === 'new' && !client,
      ),
    ).toBe(true)
  })

  it('forgets clients that stayed away for the maximum age, and renews the others once an hour', () => {
    const client = { first: NOW, last: NOW, count: 5 }
    const at = (offset: number) => decide(request(), { clients: [client] }, policy(), NOW + offset)
    expect(at(10)).toEqual({ action: 'pass', reason: 'client AWL' })
    expect(at(3600).client?.record).toEqual({ first: NOW, last: NOW + 3600, count: 6 })
    expect(at(-10).client?.record).toEqual({ first: NOW - 10, last: NOW - 10, count: 6 })
    expect(at(35 * DAY).reason).toBe('client AWL')
    expect(at(35 * DAY + 1).reason).toBe('new')
  })
})

describe('a mail whose client is known in two ways', () => {
  const waiting = (first: number): GreyRecord => ({ first, last: first, count: 0 })
  const passed = (last: number): GreyRecord => ({ first: NOW - 5000, last, count: 1 })
  const judge = (known: Known, now = NOW) => decide(request(), known, policy(), now)

  it('is remembered in both, and passes when it is known in either', () => {
    expect(judge({ triplets: [undefined, undefined] })).toMatchObject({
      reason: 'new',
      triplet: waiting(NOW),
    })
    for (const triplets of [
      [waiting(NOW - 60), undefined],
      [undefined, waiting(NOW - 60)],
      [waiting(NOW - 60), waiting(NOW - 5)],
      [waiting(NOW - 5), waiting(NOW - 60)],
    ]) {
      expect(judge({ triplets })).toMatchObject({ action: 'pass', delaySeconds: 60, triplet: { count: 1 } })
    }
    expect(judge({ triplets: [undefined, waiting(NOW - 10)] })).toMatchObject({
      reason: 'early-retry',
      waitSeconds: 50,
    })
  })

  it('goes on passing, and the pool learns what its networks knew', () => {
    expect(judge({ triplets: [passed(NOW - 9), waiting(NOW - 9)] })).toEqual({
      action: 'pass',
      reason: 'triplet found',
    })
    expect(judge({ triplets: [waiting(NOW - 9), passed(NOW - 9)] })).toEqual({
      action: 'pass',
      reason: 'triplet found',
    })
    expect(judge({ triplets: [undefined, passed(NOW - 9)] })).toMatchObject({
      reason: 'triplet found',
      triplet: { last: NOW, count: 1 },
    })
  })

  it('is decided by the first record alone where that says all', () => {
    const ages = fc.integer({ min: 0, max: 40 * DAY })
    const records = fc.record({ age: ages, seen: ages, count: fc.nat({ max: 1 }) })
    fc.assert(
      fc.property(records, fc.option(records), fc.option(records), (first, second, client) => {
        const stored = (one: typeof first | null) =>
          one === null
            ? undefined
            : { first: NOW - Math.max(one.age, one.seen), last: NOW - one.seen, count: one.count }
        const clients = [stored(client && { ...client, count: client.count * 5 })]
        fc.pre(saysAll(stored(first), policy(), NOW))
        const alone = judge({ clients, triplets: [stored(first)] })
        expect(judge({ clients, triplets: [stored(first), stored(second)] })).toEqual(alone)
        expect(alone.triplet).toBeUndefined()
        expect(alone.action).toBe('pass')
      }),
    )
  })

  it('does not take an expired record for one', () => {
    const old = { first: NOW - 9 * DAY, last: NOW - 9 * DAY, count: 0 }
    expect(judge({ triplets: [old, undefined] }).reason).toBe('new')
    expect(judge({ triplets: [old, waiting(NOW - 60)] }).reason).toBe('triplet found')
  })

  it('is on the automatic whitelist when the pool or the address is; new passes count for the surest', () => {
    const proven = { first: NOW - DAY, last: NOW - DAY, count: 5 }
    const early = { first: NOW - DAY, last: NOW - DAY, count: 2 }
    expect(judge({ clients: [proven, undefined] }).client).toMatchObject({ at: 0, record: { count: 6 } })
    expect(judge({ clients: [early, proven] }).client).toMatchObject({ at: 1, record: { count: 6 } })
    expect(judge({ clients: [early, early], triplets: [waiting(NOW - 99)] }).client).toMatchObject({
      at: 0,
      record: { count: 3 },
    })
  })
})

describe('what is never greylisted', () => {
  it.each([
    ['an authenticated user', { saslUsername: 'alice' }, 'authenticated'],
    ['a request without a recipient', { recipient: '' }, 'no recipient'],
    ['a client without an address', { clientAddress: 'unknown' }, 'no client address'],
    ['a half address', { clientAddress: '192.0.2' }, 'no client address'],
    ['a listed client', { clientName: 'out.example.net' }, 'client whitelist'],
    ['a listed recipient', { recipient: 'Postmaster@example.com' }, 'recipient whitelist'],
  ])('%s', (_, changes, reason) => {
    const rules = policy({
      clients: clients('example.net').list,
      recipients: recipients('postmaster@').list,
    })
    expect(decide(request(changes), {}, rules, NOW)).toEqual({ action: 'pass', reason })
  })

  it('anything, while learning: the decision is kept, the mail passes', () => {
    const [first, early, later] = run([NOW, NOW + 10, NOW + 60], policy({ learn: true }))
    expect(first).toMatchObject({ action: 'pass', reason: 'new', learned: true, waitSeconds: 60 })
    expect(first?.triplet).toEqual({ first: NOW, last: NOW, count: 0 })
    expect(early).toMatchObject({ action: 'pass', reason: 'early-retry', learned: true })
    expect(later).toMatchObject({ action: 'pass', reason: 'triplet found', delaySeconds: 60 })
  })
})

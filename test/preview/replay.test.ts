import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseClientTable } from '../../src/greylist/client-table.js'
import type { Attempt } from '../../src/preview/attempt.js'
import { Chains } from '../../src/preview/chains.js'
import { Judge } from '../../src/preview/judge.js'
import { Records } from '../../src/preview/records.js'
import { Replay } from '../../src/preview/replay.js'
import { Tally } from '../../src/preview/tally.js'
import { policy } from '../greylist/fixtures.js'

const { table } = parseClientTable('table', readFileSync('templates/check_client_greylist', 'utf8'))

/** What all attempts come to; `capacity` is for both the mails that are followed and the records. */
function replayed(attempts: readonly Attempt[], capacity: number) {
  const tally = new Tally()
  const judge = new Judge(
    { policy: policy({ delay: 60 }), identity: 'pool', lines: table },
    new Records(capacity),
  )
  const replay = new Replay(judge, tally, new Chains(capacity))
  for (const attempt of attempts) replay.add(attempt)
  const outcome = replay.end()
  const { stopped } = outcome.neverCameBack
  const passed = [...tally.atOnce.values()].reduce((sum, count) => sum + count, 0)
  const followed = tally.notAsked + passed + tally.delayed + stopped + outcome.waitingAtEnd + outcome.lost
  return { ...outcome, tally, followed, mails: followed + outcome.letGo }
}

const attempt = fc.record({
  at: fc.nat({ max: 20 * 86_400 }),
  client: fc.record({
    name: fc.constantFrom(
      'unknown',
      'mail-am6eur05on2046.outbound.protection.outlook.com',
      'mx.small.example',
    ),
    address: fc.constantFrom('192.0.2.1', '192.0.2.77', '198.51.100.7', '2001:db8::25'),
  }),
  sender: fc
    .string({ unit: fc.constantFrom(...'abcd'), minLength: 1, maxLength: 2 })
    .map((name) => `${name}@x.example`),
  recipient: fc.constantFrom('bob@example.org', 'eve@example.org'),
  deferred: fc.boolean(),
  own: fc.boolean(),
})

it('counts every mail once, however few can be followed and remembered', () => {
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 120 }), fc.constantFrom(8, 64, 1000), (attempts, capacity) => {
      const { mails, letGo, forgotten, tally, neverCameBack } = replayed(attempts, capacity)
      const pairs = new Set(attempts.map(({ sender, recipient }) => `${sender} ${recipient}`))
      expect(mails).toBeGreaterThanOrEqual(pairs.size)
      expect(mails).toBeLessThanOrEqual(attempts.length)
      expect(neverCameBack.in).toBeLessThanOrEqual(mails)
      for (const delay of tally.delays.keys()) expect(delay).toBeGreaterThan(0)
      if (capacity === 1000) expect([letGo, forgotten]).toEqual([0, 0])
    }),
  )
})

it('within one mail time does not go back, whatever the clock did', () => {
  const client = { name: 'unknown', address: '192.0.2.1' }
  const mail = { client, sender: 'b@x.example', recipient: 'bob@example.org', own: false }
  const { tally } = replayed(
    [
      { ...mail, at: 600, deferred: true },
      { ...mail, at: 660, sender: 'a@x.example', deferred: false },
      { ...mail, at: 0, deferred: false },
    ],
    8,
  )
  expect(tally.delayed).toBe(2)
  for (const delay of tally.delays.keys()) expect(delay).toBeGreaterThan(0)
})

it('says how many mails were too many to follow, and how many records too many to remember', () => {
  const flood = Array.from({ length: 100 }, (_, index) => ({
    at: index,
    client: { name: 'unknown', address: `198.51.${index}.1` },
    sender: `${String.fromCharCode(97 + (index % 26))}${String.fromCharCode(97 + index / 26)}@x.example`,
    recipient: 'bob@example.org',
    deferred: true,
    own: false,
  }))
  const all = replayed(flood, 1000)
  expect(all).toMatchObject({ followed: 100, letGo: 0, forgotten: 0, waitingAtEnd: 100 })
  const few = replayed(flood, 16)
  expect(few.mails).toBe(100)
  expect(few.letGo).toBeGreaterThan(80)
  expect(few.forgotten).toBeGreaterThan(80)
})

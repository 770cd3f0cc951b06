import { describe, expect, it } from 'vitest'
import { tripletKey } from '../../src/greylist/key.js'
import { DEFAULT_POLICY } from '../../src/greylist/policy.js'
import { isExpired } from '../../src/greylist/record.js'
import { concerns, knownOf, parseSubject } from '../../src/store/known.js'
import { MemoryStore } from '../../src/store/memory.js'
import { mergeEntries } from '../../src/store/merge.js'

const NOW = 1_800_000_000
const RULES = { ...DEFAULT_POLICY, delay: 60 }
const KEY = tripletKey({ network: '192.0.2.0', sender: 'alice@example.org', recipient: 'bob@example.com' })
const record = (age: number, last: number, count = 0) => ({ first: NOW - age, last: NOW - last, count })

describe('what a record means now', () => {
  it.each([
    [KEY, record(59, 59), 'waiting'],
    [KEY, record(60, 60), 'due'],
    [KEY, record(90, 10, 1), 'passed'],
    [KEY, record(3 * 86_400, 3 * 86_400), 'expired'],
    [KEY, record(40 * 86_400, 36 * 86_400, 1), 'expired'],
    ['c192.0.2.25', record(60, 60, 4), 'counting'],
    ['c192.0.2.25', record(60, 60, 5), 'whitelisted'],
    ['c@pool.example', record(60, 60, 5), 'whitelisted'],
    ['c=sender.example', record(60, 60, 4), 'counting'],
    ['t192.0.2.0\n#ab', record(60, 60, 1), 'passed'],
  ])('%j %j: %s', (key, value, state) => {
    expect(knownOf([key, value], RULES, NOW).state).toBe(state)
  })

  it('says when a try passes', () => {
    expect(knownOf([KEY, record(20, 20)], RULES, NOW)).toMatchObject({ passesAt: NOW + 40 })
  })
})

describe('what is asked about', () => {
  const known = knownOf([KEY, record(20, 20)], RULES, NOW)
  it.each(['192.0.2.7', 'Alice@Example.org', 'bob@example.com', '@example.org', 'example.com', '@com'])(
    '%s concerns it',
    (text) => {
      const subject = parseSubject(text, RULES)
      expect(subject && concerns(known, subject)).toBe(true)
    },
  )
  it.each(['192.0.3.7', 'alice@example.com', 'ample.org'])('%s does not', (text) => {
    const subject = parseSubject(text, RULES)
    expect(subject && concerns(known, subject)).toBe(false)
  })
  it.each(['c@pool.example', 'c=pool.example'])(
    'a pool is found, and forgotten, by its domain: %s',
    (key) => {
      const pool = knownOf([key, record(20, 20, 5)], RULES, NOW)
      expect(pool).toMatchObject({ type: 'client', address: key.slice(1) })
      const concerned = (text: string) => {
        const subject = parseSubject(text, RULES)
        return subject && concerns(pool, subject)
      }
      expect(concerned('@pool.example')).toBe(true)
      expect(concerned('other.example')).toBe(false)
      expect(concerned('192.0.2.1')).toBe(false)
    },
  )
  it.each(['', '@', 'alice', '192.0.2', 'a b@example.org', '192.0.2.0/24'])(
    '%j is nothing to ask about',
    (text) => {
      const subject = parseSubject(text, RULES)
      if (text === '192.0.2') expect(subject).toMatchObject({ kind: 'domain' })
      else expect(subject).toBeUndefined()
    },
  )
})

describe('merging', () => {
  const expired = (key: string, value: ReturnType<typeof record>) =>
    isExpired(key.slice(0, 1), value, RULES, NOW)

  it('keeps the longer history, and what has passed on either side', async () => {
    const store = new MemoryStore()
    store.putMany([[KEY, record(30, 10)]])
    const entries = [
      [KEY, record(500, 400, 1)],
      ['c192.0.2.25', record(5, 5, 2)],
      ['c192.0.2.25', record(9, 1, 1)],
      ['c192.0.2.26', record(40 * 86_400, 40 * 86_400, 2)],
    ] as const
    expect(await mergeEntries(store, entries, expired)).toEqual({ read: 4, added: 1, updated: 1, expired: 1 })
    expect(store.getMany([KEY, 'c192.0.2.25', 'c192.0.2.26'])).toEqual([
      record(500, 10, 1),
      record(9, 1, 2),
      undefined,
    ])
    expect(await mergeEntries(store, entries, expired)).toEqual({ read: 4, added: 0, updated: 0, expired: 1 })
  })

  it('lets nothing that has expired make a fresh record old', async () => {
    const store = new MemoryStore()
    store.putMany([[KEY, record(4 * 86_400, 4 * 86_400)]])
    await mergeEntries(store, [[KEY, record(30, 30)]], expired)
    expect(store.getMany([KEY])).toEqual([record(30, 30)])
  })
})

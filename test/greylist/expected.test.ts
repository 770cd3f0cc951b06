import { describe, expect, it } from 'vitest'
import { decideByRecords } from '../../src/greylist/decide.js'
import {
  EXPECTATIONS,
  expectationKey,
  expectationKeys,
  expectationOf,
  expectationRecord,
  isExpected,
  parseExpected,
  saidOf,
} from '../../src/greylist/expected.js'
import { isExpired, isForgettable } from '../../src/greylist/record.js'
import { parseSpan } from '../../src/greylist/span.js'
import { policy, request } from './fixtures.js'

const NOW = 1_800_000_000
const said = { by: 1000, verified: false }

describe('what is expected', () => {
  it.each([
    ['Alice@Example.org', 'alice@example.org'],
    ['@example.org', '@example.org'],
    ['a+b@example.org', 'a+b@example.org'],
    ['example.org', undefined],
    ['', undefined],
    ['<>', undefined],
    ['alice@', undefined],
    ['alice@localhost', undefined],
    ['a b@example.org', undefined],
    ['a\nb@example.org', undefined],
    [`${'a'.repeat(400)}@example.org`, undefined],
  ])('%j is %j', (text, mailbox) => {
    expect(parseExpected(text)).toBe(mailbox)
  })

  it('is found by the mailbox, it without its extension, its domain and those above, for one recipient or all', () => {
    const asked = expectationKeys(
      request({ sender: 'News+42@mail.shop.example', recipient: 'Bob@example.com' }),
    )
    const found = (sender: string, recipient = '') => asked.includes(expectationKey({ sender, recipient }))
    expect(found('news+42@mail.shop.example')).toBe(true)
    expect(found('news@mail.shop.example', 'bob@example.com')).toBe(true)
    expect(found('@shop.example', '@example.com')).toBe(true)
    expect(found('@mail.shop.example')).toBe(true)
    expect(found('@example')).toBe(false)
    expect(found('@shop.example', 'carol@example.com')).toBe(false)
    expect(found('other@mail.shop.example')).toBe(false)
    expect(found('@notshop.example')).toBe(false)
  })

  it('is never the null sender', () => {
    expect(expectationKeys(request({ sender: '' }))).toEqual([])
  })

  it('costs a bounded number of questions, whatever a client writes', () => {
    const long = `a@${'x.'.repeat(120)}example`
    expect(expectationKeys(request({ sender: long, recipient: long })).length).toBeLessThan(100)
    expect(expectationKeys(request({ sender: `a@${'x'.repeat(400)}.example` }))).toEqual([])
  })

  it('ends by itself', () => {
    const record = expectationRecord(NOW, NOW + 900, said)
    const asked = (now: number) => isExpected([undefined, record], request({}), [], now)
    expect([asked(NOW), asked(NOW + 900), asked(NOW + 901)]).toEqual([true, true, false])
    expect(isExpired('e', record, policy({}), NOW + 900)).toBe(false)
    expect(isExpired('e', record, policy({}), NOW + 901)).toBe(true)
  })

  it('verified counts only for the sender’s own machines', () => {
    const record = expectationRecord(NOW, NOW + 900, { by: 0, verified: true })
    const asked = (pools: readonly string[]) =>
      isExpected([record], request({ sender: 'code@mail.shop.example' }), pools, NOW)
    expect(asked([])).toBe(false)
    expect(asked(['@other.example'])).toBe(false)
    expect(asked(['@shop.example'])).toBe(true)
    expect(asked(['=mail.shop.example'])).toBe(true)
    expect(asked(['=shop.example'])).toBe(false)
  })

  it.each([
    { by: 0, verified: false },
    { by: 4_000_000, verified: true },
    { by: 2 ** 31 - 1, verified: true },
  ])('remembers who said it: %j', (who) => {
    expect(saidOf(expectationRecord(NOW, NOW, who))).toEqual(who)
  })

  it('reads its own keys, and no others', () => {
    const about = { sender: '@shop.example', recipient: 'bob@example.com' }
    expect(expectationOf(expectationKey(about))).toEqual(about)
    for (const key of [
      EXPECTATIONS,
      'c192.0.2.1',
      't192.0.2.0\na@example.org\nb@example.com',
      'e',
      'ex\ny\nz',
    ]) {
      expect(expectationOf(key)).toBeUndefined()
    }
  })

  it('is sealed where the store is, and stays there', () => {
    const seal = (text: string) => `${text.length}`
    const key = expectationKey({ sender: '@shop.example', recipient: '' }, seal)
    expect(key).not.toContain('shop')
    const { maxAge, retryWindow } = policy({})
    const expiry = { maxAge, retryWindow, sealed: true, now: NOW }
    expect(isForgettable(key, expectationRecord(NOW, NOW + 9, said), expiry)).toBe(false)
    expect(isForgettable(EXPECTATIONS, { first: NOW, last: NOW + 9, count: 0 }, expiry)).toBe(false)
  })
})

describe('a decision about expected mail', () => {
  const triplet = { first: NOW - 5, last: NOW - 5, count: 0 }

  it('passes what would be deferred, and remembers nothing of it', () => {
    expect(decideByRecords({ expected: 'expected sender' }, policy({}), NOW)).toEqual({
      action: 'pass',
      reason: 'expected sender',
    })
    expect(decideByRecords({ expected: 'expected sender', triplets: [triplet] }, policy({}), NOW)).toEqual({
      action: 'pass',
      reason: 'expected sender',
    })
  })

  it('changes nothing about mail that passes anyway', () => {
    for (const triplets of [[{ ...triplet, count: 1 }], [{ ...triplet, first: NOW - 900 }]]) {
      const known = { triplets }
      expect(decideByRecords({ ...known, expected: 'correspondent' }, policy({}), NOW)).toEqual(
        decideByRecords(known, policy({}), NOW),
      )
    }
  })
})

it.each([
  ['90s', 90],
  ['15m', 900],
  ['2h', 7200],
  ['30d', 2_592_000],
  ['15', undefined],
  ['m', undefined],
  ['1w', undefined],
  ['-5m', undefined],
  ['9999999s', undefined],
])('a span of %s is %s seconds', (text, seconds) => {
  expect(parseSpan(text)).toBe(seconds)
})

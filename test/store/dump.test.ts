import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expectationKey } from '../../src/greylist/expected.js'
import { tripletKey } from '../../src/greylist/key.js'
import { formatEntry, HEADER, parseEntry } from '../../src/store/dump.js'

const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map((array) => Buffer.from(array).toString('latin1').replace(/\n/g, ''))
const number = fc.nat({ max: 2 ** 32 - 1 })
const record = fc.record({ first: number, last: number, count: number })
const key = fc.oneof(
  fc
    .record({
      network: fc.constantFrom('192.0.2.0', '2001:db8:1:2:0:0:0:0', '@example.org', '=example.org'),
      sender: bytes,
      recipient: bytes,
    })
    .map(tripletKey),
  fc.constantFrom('c192.0.2.25', 'c2001:db8:0:0:0:0:0:1', 'c@example.org', 'c=example.org'),
  fc.record({ sender: bytes, recipient: bytes }).map((about) => expectationKey(about)),
  // what the store shortened, what somebody hashed, and anything
  fc.constantFrom(`t192.0.2.0\n#${'ab'.repeat(32)}`, 'cnobody', 't2001:db8::1\na\nb'),
  fc.tuple(fc.constantFrom('t', 'c', 'e', 'o'), bytes).map(([kind, rest]) => `${kind}x${rest}`),
)

describe('an export', () => {
  it('is taken in again as it was, whatever bytes a sender had', () => {
    fc.assert(
      fc.property(key, record, (name, value) => {
        expect(parseEntry(formatEntry([name, value]))).toEqual([name, value])
      }),
    )
  })

  it('reads as text', () => {
    const sender = Buffer.from('jörg@example.org').toString('latin1')
    const name = tripletKey({ network: '192.0.2.0', sender, recipient: 'bob@example.com' })
    expect(formatEntry([name, { first: 1, last: 2, count: 0 }])).toBe(
      '{"type":"triplet","network":"192.0.2.0","sender":"jörg@example.org","recipient":"bob@example.com","first":1,"last":2,"count":0}',
    )
    expect(HEADER).toBe('{"format":"greyctl-store","version":1}')
    expect(parseEntry(HEADER)).toBeUndefined()
  })

  it('tells pools, and what is expected, by their names', () => {
    const seen = { first: 1, last: 2, count: 3 }
    expect(formatEntry(['c@example.org', seen])).toContain('{"type":"client","address":"@example.org",')
    const pool = tripletKey({ network: '=example.org', sender: 'a@example.org', recipient: 'b@example.com' })
    expect(formatEntry([pool, seen])).toContain('{"type":"triplet","network":"=example.org",')
    const about = { sender: '@example.org', recipient: '' }
    expect(formatEntry([expectationKey(about), seen])).toContain(
      '{"type":"expected","sender":"@example.org","recipient":"",',
    )
  })

  it.each([
    ['{', 'not JSON'],
    ['7', 'not a record'],
    ['{"format":"greyctl-store","version":2}', 'version 2, of a later greyctl'],
    ['{"format":"other"}', 'an export of something else'],
    ['{"type":"client","address":"nowhere","first":1,"last":1,"count":1}', 'neither a triplet nor a client'],
    ['{"type":"client","address":"192.0.2.1","first":-1,"last":1,"count":1}', 'first is no whole number'],
    ['{"type":"triplet","network":"192.0.2.0","recipient":"b","first":1,"last":1,"count":1}', 'no sender'],
    [
      '{"type":"triplet","network":"192.0.2.0","sender":"a\\nb","recipient":"b","first":1,"last":1,"count":1}',
      'a line break in sender',
    ],
    ['{"type":"other","key":"","first":1,"last":1,"count":0}', 'not a key of a store'],
    [
      `{"type":"other","key":"${Buffer.from('x1').toString('base64')}","first":1,"last":1,"count":0}`,
      'not a key',
    ],
  ])('%s is refused', (line, why) => {
    expect(() => parseEntry(line)).toThrow(why)
  })

  it('with a key that no daemon would take is refused', () => {
    const long = { type: 'triplet', network: '192.0.2.0', sender: 's'.repeat(17_000), recipient: 'r' }
    expect(() => parseEntry(JSON.stringify({ ...long, first: 1, last: 1, count: 0 }))).toThrow(
      'too long (17013 bytes)',
    )
  })
})

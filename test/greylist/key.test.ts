import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../src/greylist/address.js'
import { keysOf, stableSender, tripletKey, tripletOf } from '../../src/greylist/key.js'
import { policy, request } from './fixtures.js'

function keys(clientAddress: string, changes: Parameters<typeof request>[0] = {}) {
  const address = parseAddress(clientAddress)
  if (!address) throw new Error(`no address: ${clientAddress}`)
  return keysOf(request({ clientAddress, ...changes }), address, policy())
}

describe('the sender, without what changes', () => {
  it.each([
    ['bob@example.org', 'bob@example.org'],
    ['bob+tag@example.org', 'bob@example.org'],
    ['list-123-456-bob=example.com@example.org', 'list-#-#-bob=example.com@example.org'],
    ['1.2.3@example.org', '#.#.#@example.org'],
    ['123@1.example.org', '#@1.example.org'],
    ['a1@example.org', 'a1@example.org'],
    ['bounce-12ab-99_1.5-7@example.org', 'bounce-12ab-99_1.#-#@example.org'],
    ['prvs=1234567890=bob@example.org', 'bob@example.org'],
    ['prvs=bob=1234567890@example.org', 'bob@example.org'],
    ['prvs=abcdefghij=abcdefghijk@example.org', 'abcdefghijk@example.org'],
    ['prvs=a=b@example.org', 'b@example.org'],
    ['prvs=a=b=c@example.org', 'prvs=a=b=c@example.org'],
    ['PRVS=1234567890=bob@example.org', 'PRVS=#=bob@example.org'],
    ['SRS0=abcd=12=example.net=bob@example.org', 'SRS0=abcd=#=example.net=bob@example.org'],
    ['SRS0+abcd=12=example.net=bob@example.org', 'SRS0@example.org'],
    ['', ''],
    ['no-at-5', 'no-at-5'],
    ['5@a@b', '#@a@b'],
  ])('%s', (sender, expected) => {
    expect(stableSender(sender)).toBe(expected)
  })
})

describe('the key of a triplet', () => {
  it('is the same for a network, whatever the letters of the addresses', () => {
    expect(keys('192.0.2.7', { sender: 'Alice@Example.ORG' }).triplets[0]).toBe(
      keys('192.0.2.250').triplets[0],
    )
    expect(keys('192.0.3.7').triplets[0]).not.toBe(keys('192.0.2.7').triplets[0])
    expect(keys('2001:db8:1:2::1').triplets[0]).toBe(keys('2001:DB8:1:2:ffff::').triplets[0])
    expect(keys('2001:db8:1:3::1').triplets[0]).not.toBe(keys('2001:db8:1:2::1').triplets[0])
    expect(keys('::ffff:192.0.2.7').triplets[0]).toBe(keys('192.0.2.8').triplets[0])
  })

  it('has the bytes of UTF-8 unchanged', () => {
    expect(keys('192.0.2.7', { recipient: 'J\u00c3\u0096RG@x' }).triplets[0]).toContain('j\u00c3\u0096rg@x')
  })

  it('is another for every other triplet, and can be read again', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '/', '@', '#', '.', ' ', '1'), maxLength: 6 })
    const triplet = fc.record({
      network: fc.constantFrom('192.0.2.0', '192.0.2.1'),
      sender: part,
      recipient: part,
    })
    fc.assert(
      fc.property(triplet, triplet, (one, other) => {
        expect(tripletOf(tripletKey(one))).toEqual(one)
        expect(tripletKey(one) === tripletKey(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
    )
  })
})

it('the key of a client is its exact address', () => {
  expect(keys('192.0.2.7').clients[0]).toBe('c192.0.2.7')
  expect(keys('2001:db8::9').clients[0]).toBe('c2001:db8:0:0:0:0:0:9')
})

describe('addresses', () => {
  it.each([
    '',
    'unknown',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.1.',
    '0x7f.1',
    '1',
    ':',
    ':::',
    'fe80::1%eth0',
    '2001:db8::1::',
    `${'1:'.repeat(60)}1`,
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => parseAddress(text) === undefined || true))
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(':', '0', 'f', '.', '1'), maxLength: 40 }), (text) => {
        const bytes = parseAddress(text)
        expect(bytes === undefined || bytes.length === 4 || bytes.length === 16).toBe(true)
      }),
    )
  })
})

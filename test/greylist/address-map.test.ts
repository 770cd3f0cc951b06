import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NetworkSet, parseAddress, parseNetwork } from '../../src/greylist/address.js'
import { AddressMap, complainOfPattern } from '../../src/greylist/address-map.js'
import { decide } from '../../src/greylist/decide.js'
import { policy, request } from './fixtures.js'

describe('the map of addresses', () => {
  const map = new AddressMap([
    ['Bob@Example.com', 'bob'],
    ['bob+lists@example.com', 'lists'],
    ['example.com', 'domain'],
    ['deep.example.com', 'deep'],
    ['postmaster@', 'postmaster'],
    ['<>', 'nobody'],
  ])

  it.each([
    ['bob@example.com', 'bob'],
    ['BOB@EXAMPLE.COM', 'bob'],
    ['bob+x@example.com', 'bob'],
    ['bob+lists@example.com', 'lists'],
    ['bob+lists+y@example.com', 'lists'],
    ['bob+@example.com', 'domain'],
    ['bobby@example.com', 'domain'],
    ['bob@sub.example.com', 'domain'],
    ['bob@x.deep.example.com', 'deep'],
    ['postmaster@example.com', 'domain'],
    ['postmaster@example.net', 'postmaster'],
    ['postmaster+x@example.net', 'postmaster'],
    ['postmaster', 'postmaster'],
    ['"a@b"@example.com', 'domain'],
    ['bob@notexample.com', undefined],
    ['', 'nobody'],
    ['@', undefined],
  ])('%s: %s', (address, expected) => {
    expect(map.find(address)).toBe(expected)
  })

  it('finds what a scan over all patterns finds, the most telling first', () => {
    const label = fc.constantFrom('a', 'b', 'c')
    const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
    const local = fc.constantFrom('x', 'x+y', 'x+y+z', 'w')
    const address = fc.tuple(local, domain).map((parts) => parts.join('@'))
    const pattern = fc.oneof(
      address,
      domain,
      local.map((name) => `${name}@`),
    )
    fc.assert(
      fc.property(fc.uniqueArray(pattern, { maxLength: 12 }), address, (patterns, asked) => {
        expect(new AddressMap(patterns.map((one) => [one, one] as const)).find(asked)).toBe(
          scan(patterns, asked),
        )
      }),
    )
  })
})

/** What access(5) says, word by word. */
function scan(patterns: readonly string[], address: string): string | undefined {
  const [local = '', domain = ''] = address.split('@')
  const locals = local.split('+').map((_, index, parts) => parts.slice(0, parts.length - index).join('+'))
  const domains = domain.split('.').map((_, index, labels) => labels.slice(index).join('.'))
  const wanted = [
    ...locals.map((name) => `${name}@${domain}`),
    ...domains,
    ...locals.map((name) => `${name}@`),
  ]
  return wanted.find((pattern) => patterns.includes(pattern))
}

it.each([
  ['bob@example.com', true],
  ['example.com', true],
  ['localhost', true],
  ['postmaster@', true],
  ['<>', true],
  ['"a b"@example.com', true],
  ['@example.com', false],
  ['a b@example.com', false],
  ['.', false],
  ['', false],
  ['192.0.2.0/24', false],
  ['/expression/', false],
])('the pattern %j can match: %s', (pattern, fine) => {
  expect(complainOfPattern(pattern) === undefined).toBe(fine)
})

describe('a set of networks', () => {
  it('has what is inside of one of them', () => {
    const byte = fc.constantFrom(0, 1, 127, 128, 255)
    const ipv4 = fc.array(byte, { minLength: 4, maxLength: 4 }).map((bytes) => bytes.join('.'))
    const ipv6 = fc
      .array(fc.constantFrom('0', '1', '8000', 'ffff'), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.join(':'))
    const network = fc.oneof(
      fc.tuple(ipv4, fc.nat(32)).map(([address, prefix]) => `${address}/${prefix}`),
      fc.tuple(ipv6, fc.nat(128)).map(([address, prefix]) => `${address}/${prefix}`),
    )
    fc.assert(
      fc.property(fc.array(network, { maxLength: 5 }), fc.oneof(ipv4, ipv6), (texts, asked) => {
        const address = parseAddress(asked) ?? []
        const networks = texts.flatMap((text) => parseNetwork(text) ?? [])
        const bits = (bytes: readonly number[]) =>
          bytes.map((value) => value.toString(2).padStart(8, '0')).join('')
        const expected = networks.some(
          ({ bytes, prefix }) =>
            bytes.length === address.length && bits(address).startsWith(bits(bytes).slice(0, prefix)),
        )
        expect(new NetworkSet(networks).has(address)).toBe(expected)
      }),
    )
  })
})

describe('policies of recipients', () => {
  const rules = new AddressMap([
    ['off.example', { off: true }],
    ['slow.example', { delay: 600 }],
    ['learn.example', { learn: true }],
    ['learn@slow.example', { learn: true, delay: 10 }],
  ])
  const answer = (recipient: string, first?: number) =>
    decide(
      request({ recipient }),
      first === undefined ? {} : { triplets: [{ first, last: first, count: 0 }] },
      policy({ rules, delay: 60 }),
      1000,
    )

  it('off, another delay, or learning', () => {
    expect(answer('a@off.example')).toMatchObject({ action: 'pass', reason: 'recipient whitelist' })
    expect(answer('a@slow.example')).toMatchObject({ action: 'defer', waitSeconds: 600 })
    expect(answer('a@slow.example', 900)).toMatchObject({ action: 'defer', waitSeconds: 500 })
    expect(answer('a@learn.example')).toMatchObject({ action: 'pass', learned: true, waitSeconds: 60 })
    expect(answer('learn@slow.example')).toMatchObject({ action: 'pass', learned: true, waitSeconds: 10 })
    expect(answer('a@other.example')).toMatchObject({ action: 'defer', waitSeconds: 60 })
  })

  it('senders and networks that are never greylisted', () => {
    const made = policy({
      senders: new AddressMap([['news.example', true]]),
      networks: new NetworkSet([parseNetwork('192.0.2.0/28')].flatMap((network) => network ?? [])),
    })
    const reason = (changes: object) => decide(request(changes), {}, made, 1000).reason
    expect(reason({ sender: 'a@x.news.example', clientAddress: '203.0.113.1' })).toBe('sender whitelist')
    expect(reason({ clientAddress: '192.0.2.15' })).toBe('client whitelist')
    expect(reason({ clientAddress: '192.0.2.16' })).toBe('new')
  })
})

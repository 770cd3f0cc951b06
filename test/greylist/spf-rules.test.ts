import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type AddressBytes, inNetwork, maskAddress, parseAddress } from '../../src/greylist/address.js'
import { compileSpf, type Directive } from '../../src/greylist/spf-rules.js'

/** Addresses of a small world, so that networks meet. */
const ipv4 = fc
  .tuple(fc.constant(192), fc.constant(0), fc.nat(3), fc.nat(255))
  .map((bytes): AddressBytes => bytes)
const ipv6 = fc.nat(3).map((last): AddressBytes => [0x20, 0x01, ...Array<number>(13).fill(0), last])
const address = fc.oneof(ipv4, ipv6)
const network = fc.tuple(address, fc.constantFrom(0, 1, 2, 8)).map(([bytes, less]) => ({
  bytes: maskAddress(bytes, bytes.length * 8 - less),
  prefix: bytes.length * 8 - less,
}))

const { directive } = fc.letrec<{ directive: Directive }>((tie) => ({
  directive: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ pass: fc.boolean(), networks: fc.array(network, { maxLength: 4 }) }),
    fc.record({ pass: fc.boolean(), include: fc.array(tie('directive'), { maxLength: 4 }) }),
  ),
}))

/** RFC 7208 §4.6.2, §5.2, word for word. */
function passes(directives: readonly Directive[], one: AddressBytes): boolean {
  for (const each of directives) {
    const matches =
      'include' in each ? passes(each.include, one) : each.networks.some((net) => inNetwork(one, net))
    if (matches) return each.pass
  }
  return false
}

it('what is compiled says the same as the directives in their order', () => {
  fc.assert(
    fc.property(fc.array(directive, { maxLength: 6 }), fc.array(address), (directives, asked) => {
      const compiled = compileSpf(directives)
      for (const one of asked) expect(compiled.authorises(one)).toBe(passes(directives, one))
    }),
    { numRuns: 500 },
  )
})

it('a long list is one rule, with those that it includes', () => {
  const networks = Array.from({ length: 200 }, (_, at) => ({ bytes: [192, 0, 2, at], prefix: 32 }))
  const one = networks.map((net) => ({ pass: true, networks: [net] }))
  expect(compileSpf([...one, { pass: true, include: one }]).size).toBe(401)
  expect(compileSpf([{ pass: true, networks: [] }]).authorises([192, 0, 2, 1])).toBe(false)
})

const written = (text: string) => {
  const [address = '', length] = text.split('/')
  return { bytes: parseAddress(address) as AddressBytes, prefix: Number(length) }
}

it.each<[string, boolean]>([
  ['192.0.2.0/24', true],
  ['10.1.0.0/16', true],
  ['10.1.0.0/16 192.0.2.1/32', false],
  ['10.0.0.0/15', false],
  [Array.from({ length: 32 }, (_, n) => `10.0.${n}.1/32`).join(' '), true],
  [Array.from({ length: 33 }, (_, n) => `10.0.${n}.1/32`).join(' '), false],
  ['2001:db8::/44 192.0.2.0/24', true],
  ['2001:db8::/43', false],
  ['', true],
])('a record of %s is close: %s, also where it includes them', (networks, close) => {
  const all = networks.split(' ').filter(Boolean).map(written)
  expect(compileSpf([{ pass: true, networks: all }]).close).toBe(close)
  expect(compileSpf([{ pass: true, include: [{ pass: true, networks: all }] }]).close).toBe(close)
  // what it forbids does not make it larger
  const forbids = { pass: false, networks: [written('10.0.0.0/8')] }
  expect(compileSpf([forbids, { pass: true, networks: all }]).close).toBe(close)
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../src/greylist/address.js'
import { clients, recipients } from './fixtures.js'

const lists = (text: string, name: string, address = '198.51.100.1') =>
  clients(text).list.matches(name, parseAddress(address) ?? [])

describe('the list of clients', () => {
  it.each<[string, string, string, boolean]>([
    ['good.org', 'good.org', '', true],
    ['good.org', 'MX.Good.org', '', true],
    ['good.org', 'notgood.org', '', false],
    ['good.org', 'good.org.evil.example', '', false],
    ['Good.ORG # why', 'x.good.org', '', true],
    ['/^mx\\d+\\./', 'mx7.example.org', '', true],
    ['/^mx\\d+\\./', 'mx.example.org', '', false],
    ['/EXAMPLE/', 'mail.example.org', '', true],
    ['unknown', 'unknown', '', true],
    ['192.0.2.7', 'x', '192.0.2.7', true],
    ['192.0.2.7', 'x', '192.0.2.8', false],
    ['192.0.2.0/25', 'x', '192.0.2.127', true],
    ['192.0.2.0/25', 'x', '192.0.2.128', false],
    ['192.0.2.77/24', 'x', '192.0.2.1', true],
    ['192.0.2', 'x', '192.0.2.200', true],
    ['192.0', 'x', '192.0.77.1', true],
    ['192.0', 'x', '192.1.0.1', false],
    ['2001:db8::/32', 'x', '2001:db8:ffff::1', true],
    ['2001:db8::/32', 'x', '2001:db9::1', false],
    ['2001:db8::1', 'x', '2001:db8:0:0::1', true],
    ['0.0.0.0/0', 'x', '203.0.113.9', true],
    ['0.0.0.0/0', 'x', '2001:db8::1', false],
    ['# good.org', 'good.org', '', false],
  ])('%s, asked for %s [%s]: %s', (text, name, address, expected) => {
    expect(lists(text, name, address || undefined)).toBe(expected)
  })

  it.each([
    ['a b', 1],
    ['\n\n/(/', 3],
    ['192.0.2.0/33', 1],
    ['300.1.1.1', 1],
  ])('complains about %j in line %d', (text, line) => {
    expect(clients(text).warnings).toMatchObject([{ path: 'clients', line }])
    expect(clients(text).list.size).toBe(0)
  })

  it('agrees with plain arithmetic about IPv4 networks', () => {
    const byte = fc.integer({ min: 0, max: 255 })
    const address = fc.tuple(byte, byte, byte, byte)
    const value = ([a, b, c, d]: [number, number, number, number]) => ((a * 256 + b) * 256 + c) * 256 + d
    fc.assert(
      fc.property(
        address,
        address,
        fc.integer({ min: 0, max: 32 }),
        fc.boolean(),
        (net, other, length, near) => {
          const host: typeof other = near ? [net[0], net[1], net[2], other[3]] : other
          const size = 2 ** (32 - length)
          const expected = Math.floor(value(net) / size) === Math.floor(value(host) / size)
          expect(lists(`${net.join('.')}/${length}`, 'x', host.join('.'))).toBe(expected)
        },
      ),
    )
  })

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, name) => {
        const { list, warnings } = clients(text)
        list.matches(name, [192, 0, 2, 1])
        expect(warnings.length + list.size).toBeLessThanOrEqual(text.split('\n').length)
      }),
    )
  })
})

describe('the list of recipients', () => {
  it.each<[string, string, boolean]>([
    ['postmaster@', 'postmaster@example.com', true],
    ['postmaster@', 'PostMaster+x@Example.com', true],
    ['postmaster@', 'apostmaster@example.com', false],
    ['bob@example.com', 'BOB@example.com', true],
    ['bob@example.com', 'bob+list@example.com', true],
    ['bob@example.com', 'bob@x.example.com', false],
    ['example.com', 'any@example.com', true],
    ['example.com', 'any@deep.example.com', true],
    ['example.com', 'any@badexample.com', false],
    ['/^test-\\d+@/', 'Test-55@example.com', true],
    ['/^test-\\d+@/', 'test-@example.com', false],
    ['postmaster@', 'postmaster', true],
  ])('%s, asked for %s: %s', (text, recipient, expected) => {
    expect(recipients(text).list.matches(recipient)).toBe(expected)
  })

  it.each(['a b@c', '@example.com', '/[/'])('complains about %j', (text) => {
    expect(recipients(text).warnings).toHaveLength(1)
  })
})

describe('the lists that come with greyctl', () => {
  const text = (name: string) => readFileSync(new URL(`../../templates/${name}`, import.meta.url), 'latin1')

  it('are sound, and each entry has its reason and the month of its review', () => {
    expect(clients(text('whitelist_clients')).warnings).toEqual([])
    expect(recipients(text('whitelist_recipients')).warnings).toEqual([])
    const entries = (text('whitelist_clients') + text('whitelist_recipients'))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    expect(entries.length).toBeGreaterThan(40)
    for (const entry of entries) expect(entry).toMatch(/^\S+\s+# .{10,}; 20\d\d-\d\d$/)
  })

  it.each([
    'mail-ed1-f41.google.com',
    'mail-am6eur05on2041.outbound.protection.outlook.com',
    'a48-110.smtp-out.amazonses.com',
    'sonic313-20.consmr.mail.ne1.yahoo.com',
    'mout.gmx.net',
    'mout.kundenserver.de',
    'mailout07.t-online.de',
  ])('know %s', (name) => {
    expect(clients(text('whitelist_clients')).list.matches(name, [203, 0, 113, 1])).toBe(true)
  })

  it.each([
    'unknown',
    'p5dd0e2aa.dip0.t-ipconnect.de',
    'host-5.google.com.evil.example',
    'ec2-3-4-5-6.compute-1.amazonaws.com',
  ])('do not know %s', (name) => {
    expect(clients(text('whitelist_clients')).list.matches(name, [203, 0, 113, 1])).toBe(false)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../src/greylist/address.js'
import { lookUpSenders, type SpfDns } from '../../src/greylist/spf.js'

interface Zone {
  readonly [name: string]: {
    readonly txt?: readonly string[]
    readonly a?: readonly string[]
    readonly mx?: readonly string[]
  }
}

/** A DNS of its own, which counts what it is asked. */
function dnsOf(zone: Zone): SpfDns & { asked: number } {
  const find = (kind: 'txt' | 'a' | 'mx') => async (name: string) => {
    dns.asked += 1
    return zone[name]?.[kind] ?? []
  }
  const dns = { asked: 0, texts: find('txt'), addresses: find('a'), mailHosts: find('mx') }
  return dns
}

async function authorised(zone: Zone, address: string, domain = 'd.example'): Promise<boolean | string> {
  const answer = await lookUpSenders(domain, dnsOf(zone))
  return answer.kind === 'senders' ? answer.senders.authorises(parseAddress(address) ?? []) : answer.why
}

const record = (...txt: string[]): Zone => ({ 'd.example': { txt } })

describe('who may send for a domain', () => {
  it.each([
    ['v=spf1 ip4:192.0.2.0/24 -all', '192.0.2.9', true],
    ['v=spf1 ip4:192.0.2.0/24 -all', '192.0.3.9', false],
    ['v=spf1 ip4:192.0.2.9', '192.0.2.9', true],
    ['v=spf1 ip6:2001:db8:1::/48 ~all', '2001:db8:1:2::3', true],
    ['v=spf1 ip6:2001:db8:1::/48 ~all', '192.0.2.9', false],
    ['V=SPF1 IP4:192.0.2.9 -ALL', '192.0.2.9', true],
    // the first that matches decides
    ['v=spf1 -ip4:192.0.2.9 ip4:192.0.2.0/24 -all', '192.0.2.9', false],
    ['v=spf1 ?ip4:192.0.2.9 ip4:192.0.2.0/24 -all', '192.0.2.9', false],
    ['v=spf1 ip4:192.0.2.0/24 -ip4:192.0.2.9 -all', '192.0.2.9', true],
    ['v=spf1 -all ip4:192.0.2.9', '192.0.2.9', false],
    // what depends on the question authorises nobody
    ['v=spf1 exists:%{i}.list.example ptr ip4:192.0.2.9 -all', '192.0.2.9', true],
    ['v=spf1 include:%{d1r}.x.example ip4:192.0.2.9 -all', '192.0.2.9', true],
    ['v=spf1 -exists:%{i}.bad.example ip4:192.0.2.9 -all', '192.0.2.9', expect.stringContaining('forbids')],
    ['v=spf1 exp=why.example unknown=x ip4:192.0.2.9 -all', '192.0.2.9', true],
    // broken or worthless
    ['v=spf1 ip4:192.0.2.300 -all', '192.0.2.9', expect.stringContaining('none')],
    ['v=spf1 ip4:192.0.2.0/33 -all', '192.0.2.9', expect.stringContaining('none')],
    ['v=spf1 ip4:2001:db8::1 -all', '192.0.2.9', expect.stringContaining('none')],
    ['v=spf1 ipv4:192.0.2.9 -all', '192.0.2.9', expect.stringContaining('none')],
    ['v=spf1 +all', '192.0.2.9', expect.stringContaining('everybody')],
    ['v=spf1 all', '192.0.2.9', expect.stringContaining('everybody')],
    ['v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all', '192.0.2.9', expect.stringContaining('more addresses')],
    ['v=spf1 ip6:2000::/3 -all', '192.0.2.9', expect.stringContaining('more addresses')],
    [`v=spf1 ${'ip4:192.0.2.9 '.repeat(400)}`, '192.0.2.9', expect.stringContaining('too long')],
    ['v=spf10 ip4:192.0.2.9', '192.0.2.9', 'no SPF record'],
  ])('%s, asked about %s', async (text, address, expected) => {
    expect(await authorised(record('other text', text), address)).toEqual(expected)
  })

  it('takes one record, not several', async () => {
    expect(await authorised(record('v=spf1 -all', 'v=spf1 ip4:192.0.2.9'), '192.0.2.9')).toBe(
      'several SPF records',
    )
  })

  it('follows include, redirect, a and mx', async () => {
    const zone: Zone = {
      'd.example': {
        txt: ['v=spf1 include:i.example a a:h.example/24 mx//64 redirect=r.example'],
        mx: ['m.example'],
        a: ['192.0.2.1'],
      },
      'i.example': { txt: ['v=spf1 -ip4:198.51.100.1 ip4:198.51.100.0/28 -all'] },
      'h.example': { a: ['203.0.113.5'] },
      'm.example': { a: ['2001:db8:5::1'] },
      'r.example': { txt: ['v=spf1 ip4:198.51.100.200 -all'] },
    }
    const answers = { '192.0.2.1': true, '192.0.2.2': false, '203.0.113.77': true, '2001:db8:5::9': true }
    for (const [address, expected] of Object.entries(answers))
      expect(await authorised(zone, address)).toBe(expected)
    expect(await authorised(zone, '198.51.100.2')).toBe(true)
    // an include that forbids says nothing: RFC 7208 §5.2
    expect(await authorised(zone, '198.51.100.1')).toBe(false)
    expect(await authorised(zone, '198.51.100.200')).toBe(true)
  })

  it.each<[string, Zone]>([
    ['a record that includes itself', record('v=spf1 include:d.example ip4:192.0.2.9 -all')],
    ['a redirect in a circle', record('v=spf1 ip4:192.0.2.9 redirect=d.example')],
    [
      'a thousand includes',
      record(`v=spf1 ${Array.from({ length: 200 }, (_, n) => `include:${n}.x`).join(' ')} -all`),
    ],
    ['names that do not exist', record('v=spf1 a:x.example a:y.example a:z.example ip4:192.0.2.9 -all')],
    [
      'more mail hosts than ten',
      { 'd.example': { txt: ['v=spf1 mx -all'], mx: Array.from({ length: 11 }, (_, n) => `m${n}.example`) } },
    ],
  ])('gives up on %s, after a few questions', async (_, zone) => {
    const dns = dnsOf(zone)
    expect(await lookUpSenders('d.example', dns)).toMatchObject({ kind: 'none' })
    expect(dns.asked).toBeLessThan(15)
  })

  it('fails, rather than guesses, when the DNS cannot be asked', async () => {
    const dns = { ...dnsOf(record('v=spf1 a -all')), addresses: () => Promise.reject(new Error('ESERVFAIL')) }
    await expect(lookUpSenders('d.example', dns)).rejects.toThrow('ESERVFAIL')
  })

  it('never throws at what a stranger publishes', async () => {
    const term = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'a',
        'mx',
        'ptr',
        '-all',
        'include:d.example',
        'ip4:1.2.3.4/8',
        'ip6:::/0',
        'a//',
        'redirect=',
        'mx/99//999',
      ),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(term), async (terms) => {
        const zone: Zone = {
          'd.example': { txt: [`v=spf1 ${terms.join(' ')}`], a: ['192.0.2.1'], mx: ['d.example'] },
        }
        const answer = await lookUpSenders('d.example', dnsOf(zone))
        if (answer.kind === 'senders')
          expect(answer.senders.authorises([203, 0, 113, 9])).toBeTypeOf('boolean')
      }),
    )
  })
})

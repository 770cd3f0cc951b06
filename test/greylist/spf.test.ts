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

/** Each of them says nothing else. */
function includesIn(of: typeof record, count: number): Zone {
  const names = Array.from({ length: count }, (_, n) => `i${n}.x`)
  const zone = of(`v=spf1 ${names.map((name) => `include:${name}`).join(' ')} ip4:192.0.2.9 -all`)
  return { ...zone, ...Object.fromEntries(names.map((name) => [name, { txt: ['v=spf1 -all'] }])) }
}

/** The last of them authorises. */
function chain(length: number): Zone {
  const name = (n: number) => (n === 0 ? 'd.example' : `i${n}.example`)
  const links = Array.from({ length }, (_, n) => [name(n), { txt: [`v=spf1 include:${name(n + 1)} -all`] }])
  return { ...Object.fromEntries(links), [name(length)]: { txt: ['v=spf1 ip4:192.0.2.9 -all'] } }
}

/** Names in `a:`, each of which the DNS does not have. */
const voids = (count: number, mechanism = 'a') =>
  record(
    `v=spf1 ${Array.from({ length: count }, (_, n) => `${mechanism}:v${n}.example`).join(' ')} ip4:192.0.2.9 -all`,
  )

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
      'two records that include each other',
      {
        'd.example': { txt: ['v=spf1 ip4:192.0.2.9 include:e.example -all'] },
        'e.example': { txt: ['v=spf1 ip4:192.0.2.9 include:d.example -all'] },
      },
    ],
    ['as many includes as a record has room for', includesIn(record, 200)],
    ['a thousand includes, each in the one before', chain(1000)],
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

  it('is found with ten look-ups and two names without an answer, and not with one more (RFC 7208 §4.6.4)', async () => {
    expect(await authorised(includesIn(record, 10), '192.0.2.9')).toBe(true)
    expect(await authorised(includesIn(record, 11), '192.0.2.9')).toContain('ten lookups')
    expect(await authorised(chain(10), '192.0.2.9')).toBe(true)
    expect(await authorised(chain(11), '192.0.2.9')).toContain('ten lookups')
    expect(await authorised(voids(2), '192.0.2.9')).toBe(true)
    expect(await authorised(voids(3), '192.0.2.9')).toContain('do not exist')
    expect(await authorised(voids(2, 'mx'), '192.0.2.9')).toBe(true)
    expect(await authorised(voids(3, 'mx'), '192.0.2.9')).toContain('do not exist')
    // a name that is there, and has no address, is as void as one that is not
    const empty = Object.fromEntries([0, 1, 2].map((n) => [`v${n}.example`, { txt: ['something else'] }]))
    expect(await authorised({ ...voids(3), ...empty }, '192.0.2.9')).toContain('do not exist')
    // what was counted in an include counts for all
    const within = {
      ...record('v=spf1 a:w.example include:i.example ip4:192.0.2.9'),
      'i.example': voids(2)['d.example'],
    }
    expect(await authorised(within as Zone, '192.0.2.9')).toContain('do not exist')
  })

  it('has no record where one that it includes has none (RFC 7208 §5.2)', async () => {
    expect(await authorised(record('v=spf1 include:none.example ip4:192.0.2.9'), '192.0.2.9')).toBe(
      'no SPF record',
    )
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

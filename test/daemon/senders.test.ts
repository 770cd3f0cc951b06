import { describe, expect, it } from 'vitest'
import { SenderCache } from '../../src/daemon/senders.js'
import { zoneDns } from './zone.js'

const HOUR = 3_600_000
const RECORDS = { 'good.example': 'v=spf1 ip4:192.0.2.0/24 -all', 'down.example': 'fails' }

function cacheOf(gate?: () => Promise<void>) {
  const zone = zoneDns(RECORDS, gate)
  const time = { now: 0 }
  return { cache: new SenderCache(zone.dns, () => time.now), asked: zone.asked, time }
}

/** What was asked aside is answered. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** A gate that opens once. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, wait: () => opened }
}

describe('who may send for which domain', () => {
  it('is not known at first, and known once the DNS has answered', async () => {
    const { cache } = cacheOf()
    expect(cache.known('good.example')).toBeUndefined()
    expect((await cache.lookUp('good.example'))?.authorises([192, 0, 2, 1])).toBe(true)
    expect(cache.known('good.example')?.authorises([192, 0, 2, 1])).toBe(true)
    expect(cache.lookUp('good.example')).toBeUndefined()
  })

  it('is asked again after an hour, and after five minutes where the DNS failed', async () => {
    const { cache, asked, time } = cacheOf()
    for (const domain of ['good.example', 'none.example', 'down.example']) await cache.lookUp(domain)
    expect(cache.known('none.example')).toBeUndefined()
    time.now = 300_000
    for (const domain of ['good.example', 'none.example', 'down.example']) await cache.lookUp(domain)
    time.now = HOUR
    await cache.lookUp('good.example')
    expect(asked).toEqual(['good.example', 'none.example', 'down.example', 'down.example', 'good.example'])
  })

  it('goes on counting for three days, and is asked again when it is used: nobody waits for it', async () => {
    const { cache, asked, time } = cacheOf()
    await cache.lookUp('good.example')
    time.now = 2 * HOUR
    expect(cache.known('good.example')?.authorises([192, 0, 2, 1])).toBe(true)
    await settled()
    expect(asked).toHaveLength(2)
    expect(cache.known('good.example')).toBeDefined()
    await settled()
    expect(asked).toHaveLength(2)
    time.now += 72 * HOUR
    expect(cache.known('good.example')).toBeUndefined()
    await settled()
    expect(cache.known('good.example')).toBeDefined()
  })

  it('outlives a DNS that fails, and no withdrawal', async () => {
    const records: Record<string, string> = { 'good.example': 'v=spf1 ip4:192.0.2.0/24 -all' }
    const time = { now: 0 }
    const cache = new SenderCache(zoneDns(records).dns, () => time.now)
    await cache.lookUp('good.example')
    records['good.example'] = 'fails'
    time.now = 70 * HOUR
    expect((await cache.lookUp('good.example'))?.authorises([192, 0, 2, 1])).toBe(true)
    expect(cache.known('good.example')).toBeDefined()
    time.now = 73 * HOUR
    expect(await cache.lookUp('good.example')).toBeUndefined()
    records['good.example'] = 'v=spf1 ip4:192.0.2.0/24 -all'
    time.now = 74 * HOUR
    expect(await cache.lookUp('good.example')).toBeDefined()
    records['good.example'] = 'nothing of the kind'
    time.now = 76 * HOUR
    expect(await cache.lookUp('good.example')).toBeUndefined()
    expect(cache.known('good.example')).toBeUndefined()
  })

  it('is asked once by any number of mails', async () => {
    const { cache, asked } = cacheOf()
    await Promise.all(Array.from({ length: 50 }, () => cache.lookUp('good.example')))
    expect(asked).toEqual(['good.example'])
  })

  it('does not ask about any number of domains at once, nor keep them waiting without end', async () => {
    const { open, wait } = gate()
    const { cache, asked } = cacheOf(wait)
    const lookups = Array.from({ length: 1000 }, (_, n) => cache.lookUp(`d${n}.example`))
    await new Promise((resolve) => setImmediate(resolve))
    expect(asked).toHaveLength(20)
    expect(lookups.filter((lookup) => lookup !== undefined)).toHaveLength(520)
    open()
    await Promise.all(lookups)
    expect(asked).toHaveLength(520)
    // what was turned away may be asked about later
    await cache.lookUp('d999.example')
    expect(asked).toHaveLength(521)
  })

  it('complains once when the DNS answers nothing any more, and again after it did', async () => {
    const complaints: string[] = []
    const domains = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`d${n}.example`, 'fails']))
    const { dns } = zoneDns({ ...domains, 'good.example': 'v=spf1 -all' })
    const cache = new SenderCache(
      dns,
      () => 0,
      (why) => complaints.push(why),
    )
    const fail = async (from: number, to: number) => {
      for (let n = from; n < to; n += 1) await cache.lookUp(`d${n}.example`)
    }
    await fail(0, 9)
    expect(complaints).toEqual([])
    await fail(9, 30)
    expect(complaints).toEqual(['ESERVFAIL'])
    await cache.lookUp('good.example')
    await fail(30, 50)
    expect(complaints).toHaveLength(2)
  })

  it('does not grow without end, and domains that say nothing displace none that do', async () => {
    const records = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, n) => [`s${n}.example`, 'v=spf1 ip4:192.0.2.0/24 -all']),
    )
    const cache = new SenderCache(zoneDns({ ...RECORDS, ...records }).dns, () => 0)
    await cache.lookUp('good.example')
    for (let n = 0; n < 10_001; n += 1) await cache.lookUp(`d${n}.example`)
    expect(cache.known('good.example')).toBeDefined()
    // forgotten, and asked about anew; the last ones are not
    expect(cache.lookUp('d0.example')).toBeDefined()
    expect(cache.lookUp('d10000.example')).toBeUndefined()
    for (let n = 0; n < 10_000; n += 1) await cache.lookUp(`s${n}.example`)
    expect(cache.known('good.example')).toBeUndefined()
    expect(cache.known('s0.example')).toBeDefined()
  })

  it('holds no more networks than a few large senders have, whatever anybody publishes', async () => {
    const addresses = (n: number) => Array.from({ length: 220 }, (_, at) => `ip4:10.${n % 250}.${at}.1`)
    const many = (n: number) => `v=spf1 ${addresses(n).join(' ')} -all`
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`w${n}.example`, many(n)]))
    const cache = new SenderCache(zoneDns({ ...RECORDS, ...wide }).dns, () => 0)
    await cache.lookUp('good.example')
    expect((await cache.lookUp('w0.example'))?.size).toBe(221)
    for (let n = 1; n < 700; n += 1) await cache.lookUp(`w${n}.example`)
    expect(cache.known('good.example')).toBeDefined()
    for (let n = 700; n < 1000; n += 1) await cache.lookUp(`w${n}.example`)
    expect(['good.example', 'w0.example', 'w80.example'].map((name) => cache.known(name))).toEqual([
      ...[undefined, undefined, undefined],
    ])
    expect(cache.known('w120.example')).toBeDefined()
    expect(cache.known('w999.example')).toBeDefined()
    // asked about again, it does not count twice
    for (let n = 0; n < 1000; n += 1) await cache.lookUp('w999.example')
    expect(cache.known('w120.example')).toBeDefined()
  })
})

import { describe, expect, it } from 'vitest'
import { server } from './pool-server.js'

const DAY = 86_400
/** As a spammer would have them: his own machines, and those that he has taken over, in many networks. */
const bots = (count: number) => Array.from({ length: count }, (_, n) => `${20 + (n % 200)}.${n >> 3}.7.9`)
const RECORDS = {
  'everybody.example': 'v=spf1 +all',
  'half.example': 'v=spf1 ip4:0.0.0.0/1 -all',
  'botnet.example': `v=spf1 ${bots(100)
    .map((bot) => `ip4:${bot}`)
    .join(' ')} -all`,
  'country.example': 'v=spf1 ip4:20.0.0.0/8 -all',
  'office.example': 'v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all',
  'provider.example': 'v=spf1 ip4:192.0.2.0/24 -all',
}

type Server = ReturnType<typeof server>
const from = (clientAddress: string, clientName: string, sender: string) => ({
  clientAddress,
  clientName,
  sender,
})

/** Comes back after a minute, once a day for a week: from then on the automatic whitelist knows it. */
async function earn({ ask, clock, settled }: Server, address: string, name: string, domain: string) {
  const told: string[] = []
  for (const local of 'abcdefg') {
    const mail = from(address, name, `${local}@${domain}`)
    told.push(await ask(mail))
    await settled()
    clock.now += 60
    expect(await ask(mail)).toBe('passed')
    clock.now += DAY
  }
  return told
}

describe('a spammer who uses pools', () => {
  it.each(['everybody.example', 'half.example'])('has none by a record for everybody: %s', async (domain) => {
    const { ask, clock, settled } = server(RECORDS)
    expect(await ask(from('20.0.7.9', 'unknown', `a@${domain}`))).toBe('deferred')
    await settled()
    clock.now += 60
    expect(await ask(from('21.0.7.9', 'unknown', `a@${domain}`))).toBe('deferred')
  })

  it('has none of households’ connections, though the record of his own domain names each of them', async () => {
    const { ask, clock, settled } = server(RECORDS)
    const told: string[] = []
    for (const bot of bots(20)) {
      told.push(await ask(from(bot, `dsl-${bot.replaceAll('.', '-')}.isp.example`, 'a@botnet.example')))
      await settled()
      clock.now += 60
    }
    expect(new Set(told)).toEqual(new Set(['deferred']))
  })

  it.each([
    ['many networks', 'botnet.example', bots(100)[50] as string],
    ['a country', 'country.example', '20.200.7.9'],
  ])(
    'earns nothing for others with a machine that comes back and a record of %s',
    async (_, domain, other) => {
      const spammer = server(RECORDS)
      const told = await earn(spammer, '20.0.7.9', 'unknown', domain)
      // the machine itself has earned its own place, as it would with any greylister
      expect(told.at(-1)).toBe('passed')
      expect(await spammer.ask(from(other, 'unknown', `fresh@${domain}`))).toBe('deferred')
      // what the record does for it: a retry of the same mail counts
      await spammer.settled()
      spammer.clock.now += 60
      expect(await spammer.ask(from('20.0.7.9', 'unknown', `fresh@${domain}`))).toBe('passed')
    },
  )

  it('who sends in the name of a proven domain, without its servers, is a stranger', async () => {
    const spammer = server(RECORDS)
    await earn(spammer, '192.0.2.1', 'unknown', 'office.example')
    expect(await spammer.ask(from('198.51.100.9', 'unknown', 'fresh@office.example'))).toBe('passed')
    expect(await spammer.ask(from('203.0.113.9', 'unknown', 'fresh@office.example'))).toBe('deferred')
    // a name of his own, with an address of the domain's in its text, verifies nothing either
    expect(await spammer.ask(from('203.0.113.9', 'mail.spam.example', 'new@office.example'))).toBe('deferred')
  })

  it('is none of his provider’s machines: another customer’s merits are not his', async () => {
    const spammer = server(RECORDS)
    for (const [good, bad] of [
      ['vps-a1.hoster.example', 'vps-zz.hoster.example'],
      ['mx.customers.hoster.example', 'x.customers.hoster.example'],
      ['static-9.hoster.example', 'static.hoster.example'],
      ['mail.hosted-by.hoster.example', 'bulk.hosted-by.hoster.example'],
    ] as const) {
      await earn(spammer, '192.0.2.1', good, `${good.length}.shop.example`)
      expect([bad, await spammer.ask(from('203.0.113.50', bad, 'x@spam.example'))]).toEqual([bad, 'deferred'])
    }
  })

  it('and the provider’s own domain is no door to its customers’ lines', async () => {
    const spammer = server(RECORDS)
    await earn(spammer, '192.0.2.1', 'mail.provider.example', 'provider.example')
    const line = 'dsl-192-0-2-200.provider.example'
    expect(await spammer.ask(from('192.0.2.200', line, 'forged@provider.example'))).toBe('deferred')
    expect(await spammer.ask(from('192.0.3.200', line, 'forged@provider.example'))).toBe('deferred')
  })

  it('with many senders from one verified name pays a wait for each, until it has come back for five hours', async () => {
    const { ask, clock } = server()
    const name = 'out.spam.example'
    const told: string[] = []
    for (let n = 0; n < 200; n += 1) {
      const mail = from('203.0.113.9', name, `${'abcdefghij'[n % 10]}${n}x@d${n}.example`)
      told.push(await ask(mail))
      clock.now += 60
      await ask(mail)
    }
    // 200 minutes: counted once an hour, four times
    expect(told.every((answer) => answer === 'deferred')).toBe(true)
  })

  it('who buys a domain that has lapsed inherits nothing', async () => {
    const spammer = server(RECORDS)
    await earn(spammer, '192.0.2.1', 'mail.lapsed.example', 'lapsed.example')
    expect(await spammer.ask(from('192.0.2.9', 'mx.lapsed.example', 'a@x.example'))).toBe('passed')
    spammer.clock.now += 36 * DAY
    expect(await spammer.ask(from('192.0.2.9', 'mx.lapsed.example', 'b@x.example'))).toBe('deferred')
  })
})

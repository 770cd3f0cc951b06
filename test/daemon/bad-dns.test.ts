import { Resolver } from 'node:dns/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DnsServer, startDnsServer, type Zone } from './dns-server.js'
import { client, policyText, type Running, startTestDaemon } from './running.js'

/** Both machines of the test's pool, if it were believed. */
const BOTH = 'v=spf1 ip4:203.0.113.9 ip4:198.51.100.77 -all'
/** Each includes the next. */
const chain = Object.fromEntries(
  Array.from({ length: 1000 }, (_, n) => [
    `chain${n || ''}.example`,
    { texts: [`v=spf1 include:chain${n + 1}.example ip4:203.0.113.9 ip4:198.51.100.77 -all`] },
  ]),
)
const many = Array.from({ length: 1000 }, (_, index) => `include:i${index}.example`).join(' ')

const ZONES: Readonly<Record<string, Zone>> = {
  'silent.example': { texts: [BOTH], spoil: 'silent' },
  'garbage.example': { texts: [BOTH], spoil: 'garbage' },
  'wrong-id.example': { texts: [BOTH], spoil: 'wrong id' },
  'servfail.example': { texts: [BOTH], spoil: 'SERVFAIL' },
  'truncated.example': { texts: [BOTH], spoil: 'truncated' },
  'slow.example': { texts: [BOTH], spoil: 'slow' },
  'other-question.example': { texts: [BOTH], spoil: 'other question' },
  'huge-udp.example': {
    texts: [`v=spf1 ${'ip4:203.0.113.9 ip4:198.51.100.77 '.repeat(2000)}`.slice(0, 64_000)],
    spoil: 'never cut',
  },
  'cname.example': { spoil: 'endless CNAME' },
  'none.example': {},
  'chain.example': chain['chain.example'] as Zone,
  'huge.example': { texts: [`v=spf1 ${'ip4:203.0.113.9 ip4:198.51.100.77 '.repeat(2000)}`.slice(0, 64_000)] },
  'many.example': { texts: [`v=spf1 ${many} ip4:203.0.113.9 ip4:198.51.100.77 -all`] },
  'loop.example': { texts: ['v=spf1 include:loop.example ip4:203.0.113.9 ip4:198.51.100.77 -all'] },
  'voids.example': { texts: [`v=spf1 a:a.void.example a:b.void.example a:c.void.example ${BOTH.slice(7)}`] },
  'world.example': { texts: ['v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all'] },
  'everybody.example': { texts: ['v=spf1 +all'] },
  'two.example': { texts: [BOTH, BOTH] },
}

/** In good form, so that nobody can tell: c-ares takes the record of another name for a CNAME's end. */
const LIE: Zone = { texts: [BOTH], spoil: 'other name' }

describe('a DNS that is slow, dead or lying', () => {
  let dns: DnsServer
  let withDns: Running
  let without: Running

  beforeAll(async () => {
    dns = await startDnsServer({ ...chain, ...ZONES, 'true.example': { texts: [BOTH] }, 'liar.example': LIE })
    withDns = await startTestDaemon(['--identity=pool', `--resolver=127.0.0.1:${dns.port}`])
    without = await startTestDaemon()
  })
  afterAll(async () => {
    await withDns.stop()
    await without.stop()
    await dns.close()
  })

  const ask = async (daemon: Running, domain: string, address: string) => {
    const postfix = await client(daemon.port)
    postfix.send(policyText({ sender: `a@${domain}`, client_name: 'unknown', client_address: address }))
    const [answer] = await postfix.answers(1)
    postfix.socket.destroy()
    return answer?.split(' ')[0]
  }

  /** A first try, a second from another machine, one from the first again: what each of them was told. */
  const story = async (daemon: Running, domain: string) => {
    const told = [await ask(daemon, domain, '203.0.113.9')]
    if (daemon === withDns) {
      // answered already, though the DNS may never answer; what it says has time to do harm before the retry
      await dns.asked(domain)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    daemon.now += 100
    told.push(await ask(daemon, domain, '198.51.100.77'), await ask(daemon, domain, '203.0.113.9'))
    return told
  }

  it.each(Object.keys(ZONES))('%s: the same answers as without a DNS', async (domain) => {
    expect(await story(withDns, domain)).toEqual(await story(without, domain))
  })

  it('nobody at the resolver’s address: the same answers as without a DNS', async () => {
    const dead = await startTestDaemon(['--identity=pool', '--resolver=127.0.0.1:1'])
    try {
      expect(await story(dead, 'dead.example')).toEqual(await story(without, 'dead.example'))
    } finally {
      await dead.stop()
    }
  })

  it('the answer of 64 KiB is one: it comes, over TCP', async () => {
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${dns.port}`])
    expect((await resolver.resolveTxt('huge.example')).flat().join('')).toHaveLength(64_000)
    expect(
      (await resolver.resolveTxt('many.example'))
        .flat()
        .join('')
        .match(/include:/g),
    ).toHaveLength(1000)
  })

  it.each(['true.example', 'liar.example'])(
    '%s is believed: a pool of the two, whose first mail waits all the same',
    async (domain) => {
      expect(await story(withDns, domain)).toEqual(['DEFER_IF_PERMIT', 'PREPEND', 'DUNNO'])
      expect(await story(without, domain)).toEqual(['DEFER_IF_PERMIT', 'DEFER_IF_PERMIT', 'PREPEND'])
    },
  )

  it('no request waits, however many domains the DNS is silent about', async () => {
    const postfix = await client(withDns.port)
    const mails = Array.from({ length: 2000 }, (_, index) =>
      policyText({ sender: `a@d${index}.silent.example`, recipient: `r${index}@example.com` }),
    )
    postfix.send(mails.join(''))
    expect(new Set((await postfix.answers(2000)).map((answer) => answer.split(' ')[0]))).toEqual(
      new Set(['DEFER_IF_PERMIT']),
    )
    postfix.socket.destroy()
  })
})

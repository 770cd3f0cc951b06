import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDns } from '../../src/daemon/dns.js'
import { parseClientTable } from '../../src/greylist/client-table.js'
import { MemoryHost } from '../../src/host/memory.js'
import { previewLog } from '../../src/preview/preview.js'
import { type DnsServer, startDnsServer } from '../daemon/dns-server.js'
import { client, policyText, type Running, startTestDaemon } from '../daemon/running.js'
import { policy } from '../greylist/fixtures.js'
import { LogWriter } from '../maillog/log-writer.js'

const TABLE = parseClientTable('table', readFileSync('templates/check_client_greylist', 'utf8')).table
const POOL = 'v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 ip4:203.0.113.0/24 -all'
const ZONES = {
  'pool.example': { texts: [POOL] },
  'includes.example': { texts: ['v=spf1 include:pool.example -all'] },
  'also.example': { texts: ['v=spf1 include:pool.example -all'] },
  'bare.example': {},
  'everybody.example': { texts: ['v=spf1 +all'] },
  'dead.example': { texts: [POOL], spoil: 'SERVFAIL' },
  'silent.example': { texts: [POOL], spoil: 'silent' },
} as const

interface Try {
  readonly wait: number
  readonly client: string
  readonly sender: string
}

const NETWORKS = ['192.0.2', '198.51.100', '203.0.113']

/** A mail of each domain an hour, whose retries come from the other networks; later some at their first try. */
function traffic(domains: readonly string[]): readonly Try[] {
  const mails = 'abcdefg'.split('').flatMap((user) =>
    domains.flatMap((domain) =>
      NETWORKS.map((network, nth) => ({
        wait: nth === 0 ? 900 : 100,
        client: `unknown[${network}.${user.charCodeAt(0)}]`,
        sender: `${user}@${domain}`,
      })),
    ),
  )
  return [...mails, ...mails.slice(0, 4)]
}

describe('preview with SPF', () => {
  let server: DnsServer
  let dns: ReturnType<typeof createDns>
  beforeAll(async () => {
    server = await startDnsServer(ZONES)
    dns = createDns(`127.0.0.1:${server.port}`)
  })
  afterAll(async () => {
    dns.close()
    await server.close()
  })

  const preview = async (log: LogWriter, spf: 'with SPF' | 'without', seconds = 20) => {
    const host = new MemoryHost()
    await host.replace('/mail.log', Buffer.from(log.toString()))
    return previewLog(host, {
      files: ['/mail.log'],
      policy: policy({ delay: 60 }),
      identity: 'pool',
      lines: TABLE,
      ownNetworks: ['10.0.0.0/8'],
      top: 10,
      spf: spf === 'with SPF' ? { dns, seconds } : undefined,
    })
  }

  /** What the daemon answers to each try, and the log that Postfix writes of it. */
  async function lived(daemon: Running, tries: readonly Try[]) {
    const log = new LogWriter()
    const postfix = await client(daemon.port)
    const told: string[] = []
    for (const [at, { wait, client: from, sender }] of tries.entries()) {
      daemon.now += wait
      log.wait(wait)
      const [, name = '', address = ''] = /^(.*)\[(.*)\]$/.exec(from) ?? []
      const mail = { client: from, sender, recipient: 'bob@example.com' }
      postfix.send(
        policyText({ client_name: name, client_address: address, sender, recipient: mail.recipient }),
      )
      const [answer = ''] = await postfix.answers(1)
      told.push(answer)
      if (answer.startsWith('DEFER')) log.rejected(mail)
      else log.accepted(`A${String(at).padStart(9, '0')}`, mail)
      // the daemon's DNS has answered before anybody retries
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    postfix.socket.destroy()
    return { log, told }
  }

  /** Seconds that each mail waited, and those that came in at once. */
  function delaysOf(tries: readonly Try[], told: readonly string[]) {
    const first = new Map<string, number>()
    const delays: number[] = []
    let now = 0
    let atOnce = 0
    for (const [at, { wait, sender }] of tries.entries()) {
      now += wait
      const began = first.get(sender)
      if (told[at]?.startsWith('DEFER')) first.set(sender, began ?? now)
      else if (began === undefined) atOnce += 1
      else {
        delays.push(now - began)
        first.delete(sender)
      }
    }
    return { delays, atOnce }
  }

  it('says of a log what the daemon did, whose pools it knows by SPF alone', async () => {
    const daemon = await startTestDaemon([
      '--identity=pool',
      '--delay=60',
      `--resolver=127.0.0.1:${server.port}`,
    ])
    try {
      const tries = traffic(['pool.example', 'includes.example', 'bare.example', 'everybody.example'])
      const { log, told } = await lived(daemon, tries)
      const { delays, atOnce } = delaysOf(tries, told)
      // pools pass at their second try until they have proven themselves; the others never, from so many networks
      expect(Math.max(...delays)).toBe(100)
      expect(atOnce).toBeGreaterThan(10)
      expect(told.filter((answer) => answer.startsWith('DEFER')).length).toBeGreaterThan(42)

      const same = await preview(log, 'with SPF')
      expect(same.spf).toEqual({ domains: 4, authorising: 2, none: 2, failed: 0, notAsked: 0 })
      const passed = Object.values(same.atOnce).reduce((sum, count) => sum + count, 0)
      const mean = Math.round(delays.reduce((sum, delay) => sum + delay, 0) / delays.length)
      expect([same.delayed, same.delay.mean, passed]).toEqual([delays.length, mean, atOnce])
      expect(same.basis.observed).toBe(delays.length)

      const without = await preview(log, 'without')
      expect(without.spf).toBeUndefined()
      expect(without.delayed).not.toBe(same.delayed)
    } finally {
      await daemon.stop()
    }
  })

  it('a log without greylisting: machines without names take turns, and count as one', async () => {
    const log = new LogWriter()
    for (const [nth, network] of NETWORKS.entries()) {
      const mail = { client: `unknown[${network}.1]`, sender: 'a@pool.example', recipient: `r${nth}@mx.test` }
      log.accepted(`A1B2C3D4E${nth}`, mail).wait(30)
    }
    const { pools } = await preview(log, 'with SPF')
    expect(pools).toEqual([
      { organisation: 'pool.example', by: 'spf', networks: 3, mails: 3, delayed: 3, longest: 300 },
    ])
    expect((await preview(log, 'without')).pools).toEqual([])
  })

  it('asks only about domains that it can make a difference for', async () => {
    const log = new LogWriter()
      .accepted('A1B2C3D4E1', { client: 'mx.pool.example[192.0.2.1]', sender: 'a@pool.example' })
      .accepted('A1B2C3D4E2', { client: 'mx2.pool.example[203.0.113.1]', sender: 'b@pool.example' })
      .accepted('A1B2C3D4E3', { client: 'unknown[10.0.0.1]', sender: 'own@includes.example' })
      .accepted('A1B2C3D4E4', {
        client: 'unknown[192.0.2.9]',
        sender: 'me@bare.example',
        authenticated: true,
      })
      .accepted('A1B2C3D4E5', { client: 'mx.pool.example[192.0.2.1]', sender: 'a@also.example' })
      .accepted('A1B2C3D4E6', { client: 'mx.other.example[192.0.2.2]', sender: 'a@also.example' })
      .accepted('A1B2C3D4E7', { client: 'unknown[192.0.2.2]', sender: '' })
    expect((await preview(log, 'with SPF')).spf).toEqual({
      domains: 1,
      authorising: 1,
      none: 0,
      failed: 0,
      notAsked: 0,
    })
  })

  it('goes on without a DNS that fails, or is silent for longer than it may ask', async () => {
    const log = new LogWriter()
    for (const [nth, domain] of ['dead.example', 'silent.example', 'pool.example'].entries()) {
      for (const network of NETWORKS)
        log.rejected({ client: `unknown[${network}.1]`, sender: `a@${domain}` }).wait(100)
      log.accepted(`A1B2C3D4E${nth}`, { client: 'unknown[192.0.2.1]', sender: `a@${domain}` })
    }
    const { spf, delay } = await preview(log, 'with SPF', 1)
    expect(spf).toEqual({ domains: 3, authorising: 1, none: 0, failed: 1, notAsked: 1 })
    expect(delay.max).toBe(300)
  })

  it('asks a dead DNS about a few domains, not about all', async () => {
    const nobody = createDns('127.0.0.1:1')
    const host = new MemoryHost()
    const log = new LogWriter()
    for (let nth = 0; nth < 500; nth += 1)
      log.rejected({ client: 'unknown[192.0.2.1]', sender: `a@d${nth}.example` })
    await host.replace('/mail.log', Buffer.from(log.toString()))
    const { spf } = await previewLog(host, {
      files: ['/mail.log'],
      policy: policy(),
      identity: 'pool',
      lines: TABLE,
      ownNetworks: [],
      top: 1,
      spf: { dns: nobody, seconds: 20 },
    })
    expect(spf).toMatchObject({ domains: 500, authorising: 0, none: 0 })
    expect(spf?.failed).toBeLessThan(60)
  })
})

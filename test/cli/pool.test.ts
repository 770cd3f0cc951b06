import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DnsServer, startDnsServer } from '../daemon/dns-server.js'
import { type Client, client, policyText, type Running, startTestDaemon } from '../daemon/running.js'
import { greyctl } from './run.js'

const DAY = 86_400
const SPF = { texts: ['v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all'] }

/** From the first mail of a pool to the day on which it is a stranger again, beside a daemon that runs. */
describe('a pool on the automatic whitelist', () => {
  let base: string
  let dns: DnsServer
  let daemon: Running
  let postfix: Client
  let mails = 0

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-pool-'))
    dns = await startDnsServer({ 'bare.example': SPF })
    daemon = await startTestDaemon([
      ...[`--store=lmdb:${base}`, '--identity=pool', `--resolver=127.0.0.1:${dns.port}`],
    ])
    // the commands have the clock of this machine
    daemon.now = Math.floor(Date.now() / 1000) - 2 * DAY
    postfix = await client(daemon.port)
  })
  afterAll(async () => {
    postfix.socket.destroy()
    await daemon.stop()
    await dns.close()
    rmSync(base, { recursive: true, force: true })
  })

  const ask = async (client_name: string, client_address: string, sender: string) => {
    postfix.send(policyText({ client_name, client_address, sender }))
    return (await postfix.answers(1))[0]?.split(' ')[0]
  }
  const store = async (...argv: string[]) =>
    JSON.parse((await greyctl(['store', ...argv, '--store', `lmdb:${base}`, '--json'])).stdout)

  interface Pool {
    readonly names: readonly [string, string]
    readonly domain: string
  }
  const NAMED: Pool = { names: ['out1.pool.example', 'out2.pool.example'], domain: 'customer.example' }
  const BARE: Pool = { names: ['unknown', 'unknown'], domain: 'bare.example' }

  /** A mail of a new sender; its retry comes from another network. What both were told. */
  const mail = async ({ names, domain }: Pool) => {
    mails += 1
    const sender = `${'abcdefghijklmnopqrstuvwxyz'[mails % 26]}${'x'.repeat(mails)}@${domain}`
    const first = await ask(names[0], '192.0.2.1', sender)
    // the DNS has answered before anybody comes back
    await new Promise((resolve) => setTimeout(resolve, 30))
    daemon.now += 100
    return [first, await ask(names[1], '198.51.100.1', sender)]
  }

  it.each([
    ['of its machines’ names', NAMED, '@pool.example'],
    ['of the addresses that a domain lets send', BARE, '=bare.example'],
  ])('%s is counted at most once an hour', async (_, pool, address) => {
    for (let nth = 0; nth < 6; nth += 1) expect(await mail(pool)).toEqual(['DEFER_IF_PERMIT', 'PREPEND'])
    expect(await store('show', address.replace('=', '@'))).toMatchObject({
      records: expect.arrayContaining([expect.objectContaining({ address, count: 1, state: 'counting' })]),
    })
    for (let nth = 0; nth < 4; nth += 1) {
      daemon.now += 3600
      expect(await mail(pool)).toEqual(['DEFER_IF_PERMIT', 'PREPEND'])
    }
    // from either network, and every sender of it
    expect(await mail(pool)).toEqual(['DUNNO', 'DUNNO'])
    expect(daemon.lines.at(-1)).toContain('action=pass, reason=client AWL')
  })

  it.each([
    [NAMED, '@pool.example'],
    [BARE, '@bare.example'],
  ])('is taken off it at once with greyctl store forget', async (pool, subject) => {
    expect(await mail(pool)).toEqual(['DUNNO', 'DUNNO'])
    expect(await store('forget', subject)).toMatchObject({ removed: expect.any(Number) })
    expect(await mail(pool)).toEqual(['DEFER_IF_PERMIT', 'PREPEND'])
    expect((await store('show', subject)).records).toContainEqual(
      expect.objectContaining({ type: 'client', count: 1, state: 'counting' }),
    )
  })

  it('is a stranger again when it stayed away for too long', async () => {
    for (let nth = 0; nth < 4; nth += 1) {
      daemon.now += 3600
      await mail(NAMED)
    }
    expect(await mail(NAMED)).toEqual(['DUNNO', 'DUNNO'])
    daemon.now += 36 * DAY
    expect(await mail(NAMED)).toEqual(['DEFER_IF_PERMIT', 'PREPEND'])
  })
})

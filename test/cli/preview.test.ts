import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startDnsServer } from '../daemon/dns-server.js'
import { LogWriter } from '../maillog/log-writer.js'
import { greyctl } from './run.js'

describe('greyctl preview', () => {
  let base: string
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-preview-'))
    const text = new LogWriter()
      .accepted('A1B2C3D4E5', { client: 'mx.small.example[198.51.100.9]', sender: 'a@small.example' })
      .accepted('A1B2C3D4E6', {
        client: 'mx.small.example[198.51.100.9]',
        sender: '\u001b[31mred@small.example',
      })
      .rejected({ client: 'unknown[203.0.113.9]', sender: 'spam@bot.example' })
      .wait(86_400)
      .other()
    writeFileSync(join(base, 'mail.log'), text.toString())
  })
  afterAll(() => rmSync(base, { recursive: true, force: true }))

  it('answers with the settings of this server, or those that install would write', async () => {
    const ran = await greyctl(['preview', '--log', '/mail.log', '--root', base, '--delay', '100', '--json'])
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(ran.stdout)).toMatchObject({
      settings: { delay: 100, identity: 'pool', selective: false },
      mails: 3,
      delayed: 2,
      basis: { assumed: 2 },
      neverCameBack: { stopped: 1, in: 0 },
      longest: [{ at: '2026-11-23T10:00:00Z', delay: 300 }, {}],
      warnings: [],
    })
  })

  it('tells people how each delay is known, without control characters', async () => {
    const { code, stdout } = await greyctl(['preview', '--log', '/mail.log', '--root', base])
    expect(code).toBe(0)
    expect(stdout).toContain('3 mails from 2026-11-23 to 2026-11-24')
    expect(stdout).toContain("assumed: Postfix's own schedule")
    expect(stdout).toContain('kept out: deferred then, and their senders never came back')
    expect(stdout).not.toContain('\u001b')
  })

  it('asks the resolver of greyctl.toml who may send, and only with --spf', async () => {
    const dns = await startDnsServer({ 'bot.example': { texts: ['v=spf1 ip4:203.0.113.0/24 -all'] } })
    try {
      mkdirSync(join(base, 'etc/greyctl'), { recursive: true })
      writeFileSync(join(base, 'etc/greyctl/greyctl.toml'), `resolver = "127.0.0.1:${dns.port}"\n`)
      const log = ['preview', '--log', '/mail.log', '--root', base]
      const asked = await greyctl([...log, '--spf'])
      expect(asked).toMatchObject({ code: 0, stderr: '' })
      expect(asked.stdout).toContain(
        'SPF was looked up as it is today: of 1 domains for which it matters, 1 name their machines',
      )
      const { stdout } = await greyctl([...log, '--spf', '--json'])
      const spf = { domains: 1, authorising: 1, none: 0, failed: 0, notAsked: 0 }
      expect(JSON.parse(stdout)).toMatchObject({ settings: { spf: true }, spf })
      const unasked = await greyctl(log)
      expect(unasked.stdout).toContain('Pools that are known by SPF alone are not looked up here')
      const subnet = await greyctl([...log, '--spf', '--identity', 'subnet', '--json'])
      expect(JSON.parse(subnet.stdout)).toMatchObject({ settings: { spf: false }, spf: null })
    } finally {
      await dns.close()
    }
  })

  it('does not read twice what is piped in', async () => {
    const { code, stderr } = await greyctl(['preview', '--log', '-', '--spf'])
    expect([code, stderr]).toEqual([2, expect.stringContaining('save it in a file')])
  })

  it('a log that is not there is an error', async () => {
    const { code, stderr } = await greyctl(['preview', '--log', join(base, 'none')])
    expect([code, stderr]).toEqual([3, expect.stringContaining('no such log file')])
  })
})

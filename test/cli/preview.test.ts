import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

  it('a log that is not there is an error', async () => {
    const { code, stderr } = await greyctl(['preview', '--log', join(base, 'none')])
    expect([code, stderr]).toEqual([3, expect.stringContaining('no such log file')])
  })
})

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { LmdbStore } from '../../src/store/lmdb.js'
import { LogWriter } from '../maillog/log-writer.js'
import { greyctl } from './run.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-cli-why-'))
afterAll(() => rmSync(directory, { recursive: true }))

const store = join(directory, 'store')
const log = join(directory, 'mail.log')
const ID = '4K68s31RlGzgf9A'
const other = { client: 'unknown[203.0.113.9]', sender: 'eve@evil.example' }
writeFileSync(
  log,
  new LogWriter()
    .rejected()
    .greylister('action=greylist, reason=new')
    .rejected(other)
    .wait(20)
    .rejected()
    .greylister('action=greylist, reason=early-retry (40s missing)')
    .wait(400)
    .accepted(ID)
    .greylister('action=pass, reason=triplet found, delay=420')
    .toString(),
)

async function why(subject: string, ...argv: string[]) {
  const ended = await greyctl(['why', subject, '--log', log, '--store', `lmdb:${store}`, '--json', ...argv])
  return { code: ended.code, document: JSON.parse(ended.stdout) }
}

const whole = [
  { what: 'deferred', reason: 'new', client: { name: 'mail.example.org', address: '192.0.2.10' } },
  { what: 'deferred', reason: 'early-retry', wait: 40 },
  { what: 'let through', reason: 'triplet found', delay: 420 },
  { what: 'accepted', queueId: ID, sender: 'alice@example.org' },
  { what: 'delivery', queueId: ID, reason: 'sent', recipient: 'bob@mx.test' },
]

describe('greyctl why', () => {
  it.each(['Alice@Example.org', '@example.org', '192.0.2.10', ID])(
    'tells the whole story of %s, each try once, in order, and of nobody else',
    async (subject) => {
      const { code, document } = await why(subject)
      expect(code).toBe(0)
      expect(document.moments).toMatchObject(whole)
      expect(document.moments).toHaveLength(whole.length)
      expect(document.moments[0].line).toBe(`${log}:1`)
    },
  )

  it.each([
    '<alice@example.org>',
    '[192.0.2.10]',
    'mail.example.org[192.0.2.10]',
    '::ffff:192.0.2.10',
    'Mail.example.org',
  ])('takes %s as it is copied from a log', async (subject) => {
    const { code, document } = await why(subject)
    expect([code, document.moments.length]).toEqual([0, whole.length])
  })

  it.each([
    ['2001:DB8:0:0::25', 1],
    ['2001:db8::26', 0],
    ['jörg@example.org', 1],
    ['joerg@example.org', 0],
    ["'; rm -rf /'@example.org", 2],
    ['x y', 2],
    ['<>', 2],
    ['', 2],
  ])('%s: whatever is asked about, what is in the log is found', async (subject, found) => {
    const many = join(directory, 'many.log')
    const client = 'unknown[2001:db8::25]'
    writeFileSync(many, new LogWriter().rejected({ client, sender: 'jörg@example.org' }).toString(), 'utf8')
    const ran = await greyctl([
      'why',
      '--log',
      many,
      '--store',
      `lmdb:${directory}/none`,
      '--json',
      '--',
      subject,
    ])
    if (found === 2) expect(ran.code).toBe(2)
    else {
      expect(ran.code).toBe(found === 1 ? 0 : 4)
      expect(JSON.parse(ran.stdout).moments).toHaveLength(found)
    }
  })

  it.each(['x y', 'NOSUCHID'])(
    '%s is nothing that it can look for, and it says what it can',
    async (text) => {
      const ended = await greyctl(['why', text, '--log', log, '--store', `lmdb:${store}`])
      expect(ended).toMatchObject({ code: 2, stdout: '' })
      expect(ended.stderr).toContain('no queue id and no domain')
      expect(ended.stderr).toContain('say 192.0.2.25, alice@example.org, 4XYZ1m2n3p or @example.org')
    },
  )

  it('says when the next try passes, and how to let the mail in', async () => {
    const now = Math.floor(Date.now() / 1000)
    mkdirSync(store, { recursive: true })
    const writer = new LmdbStore(store)
    writer.putMany([['t203.0.113.0\neve@evil.example\nbob@mx.test', { first: now, last: now, count: 0 }]])
    await writer.close()
    const ended = await greyctl(['why', 'eve@evil.example', '--log', log, '--store', `lmdb:${store}`])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/deferred +unknown\[203\.0\.113\.9\] +eve@evil\.example -> bob@mx\.test/)
    expect(ended.stdout).toMatch(/waiting +203\.0\.113\.0/)
    expect(ended.stdout).toContain("to let it in at once: greyctl store allow 'eve@evil.example'")
    const { document } = await why('eve@evil.example')
    expect(document).toMatchObject({ known: { total: 1 }, release: "greyctl store allow 'eve@evil.example'" })
  })

  it('tells what the log knows where no store can be read, and exits 4 where nothing is known', async () => {
    const none = `lmdb:${directory}/none`
    const ended = await greyctl(['why', 'alice@example.org', '--log', log, '--store', none])
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain('what the daemon remembers cannot be read')
    expect(ended.stdout).not.toContain('at once')
    const waiting = await greyctl(['why', 'eve@evil.example', '--log', log, '--store', none])
    expect(waiting.stdout).toContain("to let it in at once: greyctl store allow 'eve@evil.example'")
    expect(await why('nobody@nowhere.example')).toMatchObject({ code: 4, document: { moments: [] } })
    expect(await why('ABCDEF0123')).toMatchObject({ code: 4, document: { moments: [], release: null } })
  })

  it('prints no terminal escapes of a log, and refuses what it cannot ask about', async () => {
    const hostile = join(directory, 'hostile.log')
    const sender = 'a\u001b[31m@evil.example'
    writeFileSync(hostile, new LogWriter().greylister('action=greylist, reason=new', { sender }).toString())
    const ended = await greyctl(['why', '@evil.example', '--log', hostile, '--store', `lmdb:${store}`])
    expect(ended.stdout).toContain('deferred')
    expect(ended.stdout).not.toContain('\u001b')
    expect(await greyctl(['why', 'a b', '--log', log])).toMatchObject({ code: 2 })
    expect(await greyctl(['why', 'a@b.example', '--log', '/nonexistent'])).toMatchObject({ code: 3 })
  })
})

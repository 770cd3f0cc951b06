import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tripletKey } from '../../src/greylist/key.js'
import { LmdbStore } from '../../src/store/lmdb.js'
import { greyctl } from './run.js'

const TRIPLET = tripletKey({ network: '192.0.2.0', sender: 'a@example.org', recipient: 'b@example.com' })
const EVIL = tripletKey({
  network: '192.0.2.0',
  sender: '\u001b[31mred@example.org',
  recipient: 'b@example.com',
})

describe('greyctl store', () => {
  let base: string
  let store: string[]
  const now = Math.floor(Date.now() / 1000)

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-store-'))
    const made = new LmdbStore(base)
    made.putMany([
      [TRIPLET, { first: now - 10, last: now - 10, count: 0 }],
      [EVIL, { first: now - 900, last: now - 100, count: 1 }],
      ['c192.0.2.25', { first: now - 900, last: now - 100, count: 2 }],
    ])
    await made.close()
    store = ['--store', `lmdb:${base}`]
  })
  afterAll(() => rmSync(base, { recursive: true, force: true }))

  const json = async (...argv: string[]) => {
    const ran = await greyctl(['store', ...argv, ...store, '--json'])
    return { code: ran.code, document: JSON.parse(ran.stdout) }
  }

  it('list, show and stats say what is known, and when the next try passes', async () => {
    const list = await json('list')
    expect(list).toMatchObject({ code: 0, document: { total: 3 } })
    expect(await json('list', '--type', 'client')).toMatchObject({
      document: {
        total: 1,
        records: [{ type: 'client', address: '192.0.2.25', count: 2, state: 'counting' }],
      },
    })
    expect(await json('show', 'a@example.org')).toMatchObject({
      document: {
        records: [
          {
            sender: 'a@example.org',
            state: 'waiting',
            passesAt: new Date((now + 50) * 1000).toISOString().replace('.000', ''),
          },
        ],
      },
    })
    expect(await json('stats')).toMatchObject({
      document: { entries: 3, triplets: 2, clients: 1, states: { waiting: 1, passed: 1, counting: 1 } },
    })
  })

  it('people see no control characters of a sender', async () => {
    const { stdout } = await greyctl(['store', 'list', ...store])
    expect(stdout).toContain('\\x1b[31mred@example.org')
    expect(stdout).not.toContain('\u001b')
  })

  it('export, forget, import: as before', async () => {
    const file = join(base, 'export.jsonl')
    expect(await json('export', '--output', file)).toMatchObject({ code: 0, document: { exported: 3 } })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await json('forget', '@example.org')).toMatchObject({ code: 0, document: { removed: 2 } })
    expect(await json('stats')).toMatchObject({ document: { entries: 1 } })
    expect(await json('import', file)).toMatchObject({
      document: { added: 2, entriesBefore: 1, entriesAfter: 3 },
    })
    const again = join(base, 'again.jsonl')
    await json('export', '--output', again)
    expect(readFileSync(again, 'utf8')).toBe(readFileSync(file, 'utf8'))
  })

  it('allow lets what waits pass, and a client', async () => {
    expect(await json('allow', 'a@example.org')).toMatchObject({
      document: { triplets: [{ sender: 'a@example.org' }] },
    })
    expect(await json('list', '--state', 'waiting')).toMatchObject({ document: { total: 0 } })
    expect(await json('allow', '192.0.2.25')).toMatchObject({ document: { client: '192.0.2.25' } })
    expect(await json('show', '192.0.2.25')).toMatchObject({
      document: { records: expect.arrayContaining([expect.objectContaining({ state: 'whitelisted' })]) },
    })
  })

  it('shows what is known of a client under its pools, and not what is known of others', async () => {
    const pools = join(base, 'pools')
    mkdirSync(pools)
    const made = new LmdbStore(pools)
    const mail = { sender: 'a@good.example', recipient: 'b@example.com' }
    const first = now - 500
    const record = { first, last: now, count: 1 }
    made.putMany([
      [tripletKey({ network: '198.51.100.0', ...mail }), record],
      [tripletKey({ network: '@good.example', ...mail }), record],
      ['c@good.example', { first, last: now, count: 5 }],
      [tripletKey({ network: '@other.example', ...mail }), { ...record, first: first + 1 }],
      ['c@other.example', { first, last: now, count: 5 }],
    ])
    await made.close()
    const ran = await greyctl(['store', 'show', '198.51.100.7', '--store', `lmdb:${pools}`, '--json'])
    const { records } = JSON.parse(ran.stdout)
    expect(records.map(({ network, address }: Record<string, string>) => network ?? address).sort()).toEqual([
      '198.51.100.0',
      '@good.example',
      '@good.example',
    ])
  })

  it('says what is wrong, and where', async () => {
    const bad = join(base, 'bad.jsonl')
    writeFileSync(bad, '{"format":"greyctl-store","version":1}\nnonsense\n')
    expect(await json('import', bad)).toMatchObject({
      code: 1,
      document: { error: { code: 'config-invalid', where: `${bad}:2`, message: 'not JSON' } },
    })
    expect(await json('show', 'nobody')).toMatchObject({ code: 2, document: { error: { code: 'usage' } } })
    expect(await json('forget')).toMatchObject({ code: 2, document: { error: { code: 'usage' } } })
    expect(await json('import', '--from', 'postgrey', '--dbdir', base)).toMatchObject({
      code: 1,
      document: { error: { code: 'store-failed', where: base } },
    })
    const { code, stderr } = await greyctl(['store', 'stats', '--store', `lmdb:${join(base, 'none')}`])
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no store')])
  })
})

/** Longer than LMDB and the journal take: what is known of them is stored under a hash (store/long-key.ts). */
describe('triplets with a long sender and recipient', () => {
  const now = Math.floor(Date.now() / 1000)
  const client = '192.0.2.25'
  const recipient = `${'r'.repeat(400)}@example.com`
  const senders = ['one', 'two'].map((end) => `${'s'.repeat(600)}${end}@example.org`)
  const keys = senders.map((sender) => tripletKey({ network: '192.0.2.0', sender, recipient }))
  let base: string
  let store: string[]
  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-store-'))
    const made = new LmdbStore(base)
    made.putMany(keys.map((key, at) => [key, { first: now - 100 * (at + 1), last: now - 50, count: at }]))
    await made.close()
    store = ['--store', `lmdb:${base}`]
  })
  afterAll(() => rmSync(base, { recursive: true, force: true }))

  const json = async (...argv: string[]) => {
    const { code, stdout } = await greyctl(['store', ...argv, ...store, '--json'])
    return { code, document: JSON.parse(stdout) }
  }
  const shown = async (sender: string) =>
    (await json('show', client, sender, recipient)).document.records as { first: string; sender: string }[]
  const firsts = async () => Promise.all(senders.map(async (sender) => (await shown(sender))[0]?.first))
  const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000', '')

  it('are two, and each is found by its mail', async () => {
    expect(await json('stats')).toMatchObject({ document: { entries: 2 } })
    expect(await firsts()).toEqual([iso(now - 100), iso(now - 200)])
    expect(await shown(senders[0] ?? '')).toMatchObject([{ sender: senders[0], state: 'due' }])
    expect(await shown(`${'s'.repeat(600)}three@example.org`)).toEqual([])
    const { document } = await json('list')
    expect(document).toMatchObject({ total: 2, records: [{ type: 'other' }, { type: 'other' }] })
  })

  it('export, forget one, import: as before; allow one', async () => {
    const file = join(base, 'export.jsonl')
    expect(await json('export', '--output', file)).toMatchObject({ document: { exported: 2 } })
    expect(await json('forget', client, senders[1] ?? '', recipient)).toMatchObject({
      document: { removed: 1 },
    })
    expect(await firsts()).toEqual([iso(now - 100), undefined])
    expect(await json('import', file)).toMatchObject({ document: { added: 1, entriesAfter: 2 } })
    expect(await firsts()).toEqual([iso(now - 100), iso(now - 200)])
    const again = join(base, 'again.jsonl')
    await json('export', '--output', again)
    expect(readFileSync(again, 'utf8')).toBe(readFileSync(file, 'utf8'))
    expect((await json('allow', client, senders[0] ?? '', recipient)).code).toBe(0)
    expect(await shown(senders[0] ?? '')).toMatchObject([{ state: 'passed' }])
  })
})

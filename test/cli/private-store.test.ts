import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KEY_FILE } from '../../src/daemon/privacy.js'
import { client, policyText } from '../daemon/running.js'
import { type Spawned, spawnDaemon } from '../daemon/spawned.js'
import { LogWriter } from '../maillog/log-writer.js'
import { greyctl } from './run.js'

const MAIL = ['192.0.2.10', 'alice@example.org', 'bob@mx.test']

describe('the store of a daemon with --privacy', () => {
  const base = mkdtempSync(join(tmpdir(), 'greyctl-private-'))
  const directory = join(base, 'store')
  const log = join(base, 'mail.log')
  let daemon: Spawned

  beforeAll(async () => {
    daemon = await spawnDaemon(base, ['--privacy', `--store=lmdb:${directory}`, '--identity=pool'])
    writeFileSync(log, new LogWriter().rejected().greylister('action=greylist, reason=new').toString())
    expect(await ask()).toMatch(/^DEFER/)
  })
  afterAll(async () => {
    await daemon.kill('SIGTERM')
    rmSync(base, { recursive: true, force: true })
  })

  async function ask(): Promise<string> {
    const postfix = await client(daemon.port)
    const [address = '', sender = '', recipient = ''] = MAIL
    postfix.send(policyText({ client_address: address, sender, recipient }))
    const [answer = ''] = await postfix.answers(1)
    postfix.socket.destroy()
    return answer
  }

  async function run(...argv: string[]) {
    const ran = await greyctl([...argv, '--store', `lmdb:${directory}`, '--json'])
    return { code: ran.code, document: JSON.parse(ran.stdout) }
  }

  it('has nothing to read, and gives one mail by all its parts', async () => {
    expect((await run('store', 'list')).document.records).toMatchObject([
      { type: 'other' },
      { type: 'other' },
    ])
    expect(await run('store', 'show', ...MAIL)).toMatchObject({
      code: 0,
      document: {
        private: true,
        records: [
          { network: '192.0.2.0', sender: 'alice@example.org', recipient: 'bob@mx.test', state: 'waiting' },
        ],
      },
    })
    // sealed, they are still triplets
    const stats = await greyctl(['store', 'stats', '--store', `lmdb:${directory}`])
    expect(stats.stdout).toMatch(
      /^2 {2}triplets: 0 have passed, 2 wait.*\n2 {2}of these have keys that do not/m,
    )
    const { stdout } = await greyctl(['store', 'show', MAIL[1] ?? '', '--store', `lmdb:${directory}`])
    expect(stdout).toMatch(/^nothing is known of alice@example\.org/)
    expect(stdout).toContain('the store is private (--privacy)')
    expect(await run('store', 'show', '192.0.2.10', 'alice@example.org')).toMatchObject({ code: 2 })
  })

  it('why takes the parts from the log, and the command it gives lets the mail in', async () => {
    const story = await run('why', 'alice@example.org', '--log', log)
    expect(story).toMatchObject({
      code: 0,
      document: { known: { total: 2, records: [{ state: 'waiting' }, { network: '@example.org' }] } },
    })
    const command: string = story.document.release
    expect(command).toBe(`greyctl store allow ${MAIL.map((part) => `'${part}'`).join(' ')}`)
    expect(await run('store', 'allow', ...MAIL)).toMatchObject({
      document: { triplets: [{ sender: 'alice@example.org' }] },
    })
    expect(await ask()).not.toMatch(/^DEFER/)
  })

  it('forgets one mail, and allows and forgets a client', async () => {
    expect(await run('store', 'forget', ...MAIL)).toMatchObject({ document: { removed: 1 } })
    expect(await run('store', 'allow', '192.0.2.10')).toMatchObject({ document: { client: '192.0.2.10' } })
    expect(await run('store', 'show', '192.0.2.10')).toMatchObject({
      document: { records: [{ type: 'client', address: '192.0.2.10', state: 'whitelisted' }] },
    })
    expect(await run('store', 'forget', '192.0.2.10')).toMatchObject({ document: { removed: 1 } })
  })

  it('what is expected is listed without names, and taken back by the words with which it was said', async () => {
    const sender = 'code@shop.example'
    await run('expect', sender, '--to', 'bob@mx.test')
    const { stdout: listed } = await greyctl(['expect', '--list', '--store', `lmdb:${directory}`])
    expect(listed).toContain('(kept as a hash), until ')
    expect(listed).not.toContain('shop.example')
    const { stdout } = await greyctl(['expect', sender, '--cancel', '--store', `lmdb:${directory}`])
    expect(stdout).toBe(
      'that was not expected (any more); the store is private (--privacy): name the recipient with --to where it was said with one\n',
    )
    expect(await run('expect', sender, '--to', 'bob@mx.test', '--cancel')).toMatchObject({
      code: 0,
      document: { cancelled: [{ sender, recipient: 'bob@mx.test' }] },
    })
    expect((await run('expect', '--list')).document.expected).toEqual([])
  })

  it('says so when its key cannot be used', async () => {
    writeFileSync(join(directory, KEY_FILE), 'short')
    expect(await run('store', 'show', ...MAIL)).toMatchObject({
      code: 1,
      document: {
        error: { where: join(directory, KEY_FILE), message: expect.stringContaining('has 5 bytes') },
      },
    })
    const { stdout } = await greyctl([
      'why',
      'alice@example.org',
      '--log',
      log,
      '--store',
      `lmdb:${directory}`,
    ])
    expect(stdout).toContain('what the daemon remembers cannot be read')
  })
})

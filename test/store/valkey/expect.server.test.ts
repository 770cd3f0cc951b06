import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KEY_FILE } from '../../../src/daemon/privacy.js'
import { greyctl } from '../../cli/run.js'
import { client, policyText } from '../../daemon/running.js'
import { type Spawned, spawnDaemon } from '../../daemon/spawned.js'
import { type ServerProgram, serverPrograms } from './programs.js'
import { Servers } from './servers.js'

const [program] = serverPrograms()

/** The command writes into the shared server; each daemon, on its host, looks there. */
describe.runIf(program !== undefined).each([
  { words: [], what: 'in the clear' },
  { words: ['--privacy'], what: 'sealed' },
])('greyctl expect with a shared store, $what', ({ words }) => {
  const servers = new Servers(program as ServerProgram)
  const base = mkdtempSync(join(tmpdir(), 'greyctl-expect-shared-'))
  const isPrivate = words.length > 0
  let store: string
  let daemons: readonly Spawned[]

  beforeAll(async () => {
    const { port } = await servers.start()
    store = `valkey://127.0.0.1:${port}?local=${join(base, 'local')}`
    const first = await spawnDaemon(base, [`--store=${store}`, ...words])
    // docs/several-mx.md: all need the key that the first has made
    if (isPrivate) {
      mkdirSync(join(base, 'local2'))
      copyFileSync(join(base, 'local', KEY_FILE), join(base, 'local2', KEY_FILE))
    }
    daemons = [first, await spawnDaemon(base, [`--store=${store}2`, ...words])]
  })
  afterAll(async () => {
    await Promise.all(daemons.map((daemon) => daemon.kill('SIGTERM')))
    await servers.end()
    rmSync(base, { recursive: true, force: true })
  })

  /** What each daemon says to a stranger's mail. */
  const ask = (sender: string, recipient = 'bob@example.com') =>
    Promise.all(
      daemons.map(async ({ port }) => {
        const connection = await client(port)
        connection.send(policyText({ sender, recipient, client_address: '198.51.100.9' }))
        const [answer = ''] = await connection.answers(1)
        connection.socket.destroy()
        return answer.startsWith('DEFER') ? 'deferred' : 'passed'
      }),
    )
  const run = async (...argv: string[]) => {
    const { code, stdout, stderr } = await greyctl(['expect', ...argv, '--store', store, '--json'])
    expect(code, stderr + stdout).toBe(0)
    return JSON.parse(stdout)
  }

  it('holds at once on every host, for its sender and recipient alone', async () => {
    expect(await ask('a@shop.example')).toEqual(['deferred', 'deferred'])
    await run('a@shop.example', '--to', 'bob@example.com', '--for', '10m')
    expect(await ask('a@shop.example')).toEqual(['passed', 'passed'])
    expect(await ask('a@shop.example', 'eve@example.com')).toEqual(['deferred', 'deferred'])
  })

  it('is listed, without names where the store is sealed', async () => {
    const { expected } = await run('--list')
    const about = isPrivate
      ? { sender: null, recipient: null }
      : { sender: 'a@shop.example', recipient: 'bob@example.com' }
    expect(expected).toMatchObject([{ ...about, verified: false, by: { name: expect.any(String) } }])
  })

  it('is taken back on every host: sealed, by the same words with which it was said', async () => {
    const { cancelled } = await run('a@shop.example', '--cancel')
    expect(cancelled).toHaveLength(isPrivate ? 0 : 1)
    if (isPrivate) await run('a@shop.example', '--to', 'bob@example.com', '--cancel')
    expect(await ask('a@shop.example')).toEqual(['deferred', 'deferred'])
    expect((await run('--list')).expected).toEqual([])
  })

  it('ends by itself', async () => {
    await run('@bank.example', '--for', '2s')
    expect(await ask('x@mail.bank.example')).toEqual(['passed', 'passed'])
    await new Promise((resolve) => setTimeout(resolve, 3100))
    expect(await ask('y@mail.bank.example')).toEqual(['deferred', 'deferred'])
    expect((await run('--list')).expected).toEqual([])
  })
})

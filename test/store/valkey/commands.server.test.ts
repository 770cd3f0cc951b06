import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { greyctl } from '../../cli/run.js'
import { client, policyText } from '../../daemon/running.js'
import { eventually, type Spawned, spawnDaemon } from '../../daemon/spawned.js'
import { type ServerProgram, serverPrograms } from './programs.js'
import { type Server, Servers } from './servers.js'

const [program] = serverPrograms()

/** Seconds. */
const DELAY = 1

describe.runIf(program !== undefined)('the commands, with daemons running', () => {
  const servers = new Servers(program as ServerProgram)
  const base = mkdtempSync(join(tmpdir(), 'greyctl-move-'))
  let server: Server
  let alone: Spawned
  let shared: Spawned
  const lmdb = `lmdb:${join(base, 'lmdb')}`
  const valkey = () => `valkey://127.0.0.1:${server.port}?local=${join(base, 'local')}`

  beforeAll(async () => {
    server = await servers.start()
    const start = (store: string) => spawnDaemon(base, [`--store=${store}`, `--delay=${DELAY}`, '--quiet'])
    ;[alone, shared] = await Promise.all([start(lmdb), start(valkey())])
  })
  afterAll(async () => {
    await alone.kill('SIGTERM')
    await shared.kill('SIGTERM')
    await servers.end()
    rmSync(base, { recursive: true, force: true })
  })

  const ask = async ({ port }: Spawned, sender: string) => {
    const connection = await client(port)
    connection.send(policyText({ sender }))
    const [answer = ''] = await connection.answers(1)
    connection.socket.destroy()
    return /DEFER/.test(answer) ? 'deferred' : 'passed'
  }
  /** Mail of new senders, one after the other, until it is stopped; each is deferred. */
  const asked = (daemon: Spawned, name: string) => {
    let [answered, ended] = [0, false]
    const running = (async () => {
      while (!ended) {
        expect(await ask(daemon, `${name}${answered}x@z.example`)).toBe('deferred')
        answered += 1
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })()
    running.catch(() => {})
    return {
      name,
      answered: () => answered,
      async stop() {
        ended = true
        await running
      },
    }
  }
  const allPass = async (daemon: Spawned, name: string, count: number) => {
    for (let n = 0; n < count; n += 1) expect(await ask(daemon, `${name}${n}x@z.example`)).toBe('passed')
  }
  const run = async (...argv: string[]) => {
    const { code, stdout, stderr } = await greyctl([...argv, '--json'])
    expect(code, stderr + stdout).toBe(0)
    return JSON.parse(stdout)
  }

  it('move what is known from LMDB to the server, and back', async () => {
    expect(await ask(alone, 'old@x.example')).toBe('deferred')
    await new Promise((resolve) => setTimeout(resolve, DELAY * 1000 + 200))
    expect(await ask(alone, 'old@x.example')).toBe('passed')
    const file = join(base, 'triplets.jsonl')
    // the triplet, and the client on its way to the automatic whitelist
    expect(await run('store', 'export', '--store', lmdb, '-o', file)).toMatchObject({ exported: 2 })
    expect(await run('store', 'import', file, '--store', valkey())).toMatchObject({ read: 2, added: 2 })
    expect(await run('store', 'import', file, '--store', valkey())).toMatchObject({ read: 2, added: 0 })
    expect(await ask(shared, 'old@x.example')).toBe('passed')

    expect(await ask(shared, 'later@x.example')).toBe('deferred')
    const back = join(base, 'back.jsonl')
    await run('store', 'export', '--store', valkey(), '-o', back)
    expect(await run('store', 'import', back, '--store', lmdb)).toMatchObject({ added: 1 })
    await new Promise((resolve) => setTimeout(resolve, DELAY * 1000 + 200))
    expect(await ask(alone, 'later@x.example')).toBe('passed')
  })

  it('move there and back while mail goes on: what was answered before an export is known after its import', async () => {
    const traffic = [asked(alone, 'there'), asked(shared, 'back')]
    for (const [name, from, to] of [
      ['there', lmdb, valkey()],
      ['back', valkey(), lmdb],
    ] as const) {
      const busy = traffic.find((one) => one.name === name)
      await eventually(() => (busy?.answered() ?? 0) > 50)
      const before = busy?.answered() ?? 0
      const file = join(base, `${name}.jsonl`)
      await run('store', 'export', '--store', from, '-o', file)
      // that the daemon which answers learns meanwhile is not undone
      const during = traffic.map((one) => one.answered())
      await run('store', 'import', file, '--store', to)
      for (const [at, one] of traffic.entries()) expect(one.answered()).toBeGreaterThan(during[at] ?? 0)
      await new Promise((resolve) => setTimeout(resolve, DELAY * 1000 + 200))
      const other = name === 'there' ? shared : alone
      await allPass(other, name, before)
    }
    for (const one of traffic) {
      await one.stop()
      const own = one.name === 'there' ? alone : shared
      await new Promise((resolve) => setTimeout(resolve, DELAY * 1000 + 200))
      await allPass(own, one.name, one.answered())
    }
  })

  it('show, allow and forget in the server', async () => {
    expect(await ask(shared, 'one@y.example')).toBe('deferred')
    const shown = await run('store', 'show', 'one@y.example', '--store', valkey())
    expect(JSON.stringify(shown)).toContain('192.0.2.0')
    await run('store', 'allow', 'one@y.example', '--store', valkey())
    expect(await ask(shared, 'one@y.example')).toBe('passed')
    await run('store', 'forget', 'one@y.example', '--store', valkey())
    expect(await ask(shared, 'one@y.example')).toBe('deferred')
    expect(await run('store', 'stats', '--store', valkey())).toMatchObject({
      store: `valkey://127.0.0.1:${server.port}`,
    })
  })

  it('say what is wrong when the server is not there', async () => {
    const { code, stderr } = await greyctl(['store', 'list', '--store', 'valkey://127.0.0.1:1'])
    expect(code).toBe(1)
    expect(stderr).toContain('valkey://127.0.0.1:1: the shared store cannot be used: connect ECONNREFUSED')
    const secret = await greyctl(['store', 'list', '--store', 'valkey://a:s3cret@127.0.0.1'])
    expect(secret.code).toBe(2)
    expect(secret.stderr + secret.stdout).not.toContain('s3cret')
  })
})

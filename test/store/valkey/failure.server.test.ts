import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { client, policyText } from '../../daemon/running.js'
import { eventually, goodClient, type Spawned, spawnDaemon } from '../../daemon/spawned.js'
import { type ServerProgram, serverPrograms } from './programs.js'
import { freePort, type Server, Servers, type SlowWay } from './servers.js'

const [program] = serverPrograms()

/** Seconds. */
const DELAY = 1

const bases: string[] = []
const daemons: Spawned[] = []
const servers = new Servers(program as ServerProgram)

/** A daemon of another host, as it were: with a memory of its own for when it is alone. */
async function daemonAt(location: string, ...options: string[]): Promise<Spawned> {
  const base = mkdtempSync(join(tmpdir(), 'greyctl-fleet-'))
  bases.push(base)
  const store = `--store=${location}${location.includes('?') ? '&' : '?'}local=${join(base, 'local')}`
  const daemon = await spawnDaemon(base, [store, `--delay=${DELAY}`, '--quiet', ...options])
  daemons.push(daemon)
  return daemon
}

async function ask(
  { port }: Spawned,
  sender: string,
  address = '192.0.2.25',
): Promise<'deferred' | 'passed'> {
  const connection = await client(port)
  connection.send(policyText({ sender, client_address: address }))
  const [answer = ''] = await connection.answers(1)
  connection.socket.destroy()
  return /DEFER/.test(answer) ? 'deferred' : 'passed'
}

const overTheDelay = () => new Promise((resolve) => setTimeout(resolve, DELAY * 1000 + 200))

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.kill('SIGKILL')
  for (const base of bases.splice(0)) rmSync(base, { recursive: true, force: true })
})
afterAll(() => servers.end())

/** How a server fails, and how it is mended: the server to be used from then on. */
interface Failure {
  readonly name: string
  readonly fail: (server: Server, way: SlowWay) => unknown
  readonly mend: (server: Server, way: SlowWay) => Promise<Server>
  /** What the log says of it. */
  readonly reason: RegExp
}

const same = async (server: Server, work: Promise<unknown>) => {
  await work
  return server
}

const FAILURES: readonly Failure[] = [
  {
    name: 'is killed with -9',
    fail: (server) => server.signal('SIGKILL'),
    mend: async (server) => {
      await server.stop()
      return servers.start([], server.port)
    },
    reason: /Connection is closed|ECONNRESET|ECONNREFUSED/i,
  },
  {
    name: 'hangs (SIGSTOP)',
    fail: (server) => server.signal('SIGSTOP'),
    mend: async (server) => {
      server.signal('SIGCONT')
      return server
    },
    reason: /no answer within 100 ms/,
  },
  {
    name: 'is slow',
    fail: (_server, way) => {
      way.delay = 400
    },
    mend: async (server, way) => {
      way.delay = 0
      return server
    },
    reason: /no answer within 100 ms/,
  },
  {
    name: 'becomes a read-only replica',
    fail: async (server) => {
      const other = await servers.start()
      await server.client.call('REPLICAOF', '127.0.0.1', other.port)
    },
    mend: (server) => same(server, server.client.call('REPLICAOF', 'NO', 'ONE')),
    reason: /READONLY/,
  },
  {
    name: 'is full',
    fail: (server) => server.client.config('SET', 'maxmemory', '1'),
    mend: (server) => same(server, server.client.config('SET', 'maxmemory', '0')),
    reason: /OOM/,
  },
]

describe.runIf(program !== undefined)('while mail comes in, a server', () => {
  it.each(FAILURES)(
    '$name: mail goes on, nobody waits for it, and what was learned is in it afterwards',
    async (failure) => {
      let server = await servers.start()
      const way = await servers.slowWay(server.port)
      const daemon = await daemonAt(
        `valkey://127.0.0.1:${way.port}`,
        `--metrics=inet:127.0.0.1:${await freePort()}`,
      )
      expect(await ask(daemon, 'known@x.example')).toBe('deferred')
      await overTheDelay()
      expect(await ask(daemon, 'known@x.example')).toBe('passed')
      // each answer has to be there in time: see goodClient
      const load = [goodClient(daemon.port), goodClient(daemon.port)]
      await failure.fail(server, way)
      expect(await ask(daemon, 'new@x.example')).toBe('deferred')
      await eventually(() => daemon.log().includes('cannot be used'))
      expect(await ask(daemon, 'known@x.example')).toBe('passed')
      expect(await ask(daemon, 'meanwhile@x.example')).toBe('deferred')
      await overTheDelay()
      expect(await ask(daemon, 'meanwhile@x.example')).toBe('passed')
      expect(await metric(daemon, 'shared_store_up')).toBe(0)

      server = await failure.mend(server, way)
      await eventually(() => daemon.log().includes('can be used again'))
      const name = (sender: string) => `grey:t192.0.2.0\n{${sender}@x.example\nbob@example.com}`
      let found: (string | null)[] = []
      await eventually(() => {
        server.client.mget(name('new'), name('meanwhile')).then((values) => {
          found = values
        })
        return found.length === 2 && found.every((value) => value !== null)
      })
      expect(await ask(daemon, 'meanwhile@x.example')).toBe('passed')
      for (const one of load) expect(await one.stop()).toBeGreaterThan(20)
      expect(daemon.log()).toMatch(failure.reason)
      expect(daemon.log().match(/cannot be used/g)).toHaveLength(1)
      expect(daemon.log().match(/can be used again/g)).toHaveLength(1)
      expect(await metric(daemon, 'fail_open_total')).toBe(0)
      expect(await waitedLonger(daemon)).toBe(0)
      expect(await metric(daemon, 'shared_store_failures_total')).toBeGreaterThan(0)
      await server.stop()
    },
  )

  it('fails over to a replica, as sentinels decide', async () => {
    const master = await servers.start()
    const replica = await servers.start(['--replicaof', '127.0.0.1', String(master.port)])
    const sentinels = await servers.sentinels(master)
    const nodes = sentinels.map((port) => `127.0.0.1:${port}`).join(',')
    const daemon = await daemonAt(`valkey://${nodes}?sentinel=mail`)
    expect(await ask(daemon, 'before@x.example')).toBe('deferred')
    // a replica may be a moment behind, at its start longer
    let copied: string | null = null
    await eventually(() => {
      replica.client.get('grey:t192.0.2.0\n{before@x.example\nbob@example.com}').then((value) => {
        copied = value
      })
      return copied !== null
    })
    const load = goodClient(daemon.port)
    master.signal('SIGKILL')
    expect(await ask(daemon, 'meanwhile@x.example')).toBe('deferred')
    await eventually(() => daemon.log().includes('can be used again'))
    let found: (string | null)[] = []
    await eventually(() => {
      replica.client
        .mget(...['before', 'meanwhile'].map((one) => `grey:t192.0.2.0\n{${one}@x.example\nbob@example.com}`))
        .then((values) => {
          found = values
        })
      return found.length === 2 && found.every((value) => value !== null)
    })
    expect(await ask(daemon, 'before@x.example')).toBe('passed')
    expect(await load.stop()).toBeGreaterThan(20)
  })
})

describe.runIf(program !== undefined)('three daemons with one memory', () => {
  it('know what the others deferred and whitelisted', async () => {
    const nodes = await servers.cluster()
    const location = `valkey://127.0.0.1:${nodes[0]?.port}?cluster`
    const [one, two, three] = await Promise.all(
      [0, 1, 2].map(() => daemonAt(location, '--auto-whitelist-clients=1')),
    )
    if (!one || !two || !three) throw new Error('three were started')
    expect(await ask(one, 'a@x.example')).toBe('deferred')
    expect(await ask(two, 'a@x.example')).toBe('deferred')
    await overTheDelay()
    expect(await ask(three, 'a@x.example', '192.0.2.99')).toBe('passed')
    // it has earned the automatic whitelist, everywhere
    expect(await ask(one, 'somebody-else@x.example', '192.0.2.99')).toBe('passed')
    expect(await ask(two, 'somebody-else@x.example', '192.0.2.98')).toBe('deferred')
    await one.kill('SIGTERM')
    expect(await ask(two, 'a@x.example')).toBe('passed')
  })

  it('begin without the server, and use it when it is there', async () => {
    const port = await freePort()
    const daemon = await daemonAt(`valkey://127.0.0.1:${port}`)
    expect(await ask(daemon, 'early@x.example')).toBe('deferred')
    expect(daemon.log()).toContain('ECONNREFUSED')
    // and what it learned alone survives its own end
    await daemon.kill('SIGKILL')
    const server = await servers.start([], port)
    const again = await spawnDaemon(bases.at(-1) ?? '', [
      `--store=valkey://127.0.0.1:${port}?local=${join(bases.at(-1) ?? '', 'local')}`,
      `--delay=${DELAY}`,
    ])
    daemons.push(again)
    let count = 0
    await eventually(() => {
      server.client.keys('grey:t192*').then((names) => {
        count = names.length
      })
      return count === 1
    })
    await overTheDelay()
    expect(await ask(again, 'early@x.example')).toBe('passed')
  })
})

/**
 * Answers that took the daemon longer than a second, as it counts itself: four times the bound that deadline.test.ts
 * holds to the millisecond, so that a machine with other work to do is no failure.
 */
async function waitedLonger(daemon: Spawned): Promise<number> {
  const [all, soon] = await Promise.all([
    metric(daemon, 'request_duration_seconds_count'),
    metric(daemon, 'request_duration_seconds_bucket{le="1"}'),
  ])
  expect(all).toBeGreaterThan(20)
  return all - soon
}

async function metric(daemon: Spawned, name: string): Promise<number> {
  const url = /listening on (http:\S+)/.exec(daemon.log())?.[1] ?? ''
  const text = await (await fetch(url)).text()
  const line = text.split('\n').find((one) => one.startsWith(`greyctl_${name} `))
  return Number(line?.split(' ').at(-1))
}

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server as NetServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'iovalkey'
import { eventually } from '../../daemon/spawned.js'
import type { ServerProgram } from './programs.js'

export interface Server {
  readonly port: number
  readonly directory: string
  /** A connection of the test's own. */
  readonly client: Redis
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  /** Ended for good. */
  stop(): Promise<void>
}

export interface SlowWay {
  readonly port: number
  /** Milliseconds; may be changed at any time. */
  delay: number
  /** What came from the client in one piece each: of one mail at a time, its round trips. */
  pieces: number
}

/** Starts servers of its own in a scratch directory, and ends them all. */
export class Servers {
  readonly directory = mkdtempSync(join(tmpdir(), 'greyctl-valkey-'))
  readonly #program: ServerProgram
  readonly #running = new Map<ChildProcess, Redis>()
  readonly #relays: NetServer[] = []

  constructor(program: ServerProgram) {
    this.#program = program
  }

  async start(
    options: readonly string[] = [],
    port?: number,
    login: { username?: string; password?: string } = {},
  ): Promise<Server> {
    const own = port ?? (await freePort())
    const directory = join(this.directory, String(own))
    mkdirSync(directory, { recursive: true })
    const words = ['--port', String(own), '--bind', '127.0.0.1', '--dir', directory, '--save', '', ...options]
    const child = this.#spawn(words)
    const client = new Redis({
      port: own,
      host: '127.0.0.1',
      lazyConnect: true,
      retryStrategy: () => 50,
      // a node without a cluster is never ready
      enableReadyCheck: false,
      ...login,
    })
    client.on('error', () => {})
    this.#running.set(child, client)
    await client.connect().catch(() => {})
    await eventually(() => client.status === 'ready')
    return this.#server(child, client, own, directory)
  }

  /** Three masters that share the slots. */
  async cluster(): Promise<readonly Server[]> {
    const servers: Server[] = []
    for (let n = 0; n < 3; n += 1) {
      const port = await freePort()
      const bus = await freePort()
      servers.push(
        await this.start(
          ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '1000'],
          port,
        ),
      )
      const [first] = servers
      if (first !== undefined && n > 0) await first.client.call('CLUSTER', 'MEET', '127.0.0.1', port, bus)
      const from = Math.floor((16_384 * n) / 3)
      const to = Math.floor((16_384 * (n + 1)) / 3) - 1
      await servers[n]?.client.call('CLUSTER', 'ADDSLOTSRANGE', from, to)
    }
    for (const { client } of servers) {
      let state = ''
      await eventually(() => {
        client.call('CLUSTER', 'INFO').then((text) => {
          state = String(text)
        })
        return state.includes('cluster_state:ok') && state.includes('cluster_known_nodes:3')
      })
    }
    return servers
  }

  /** Three sentinels that watch a server, and promote a replica within about a second. */
  async sentinels(master: Server): Promise<readonly number[]> {
    const ports: number[] = []
    for (let n = 0; n < 3; n += 1) {
      const port = await freePort()
      const file = join(this.directory, `sentinel-${port}.conf`)
      writeFileSync(
        file,
        [
          `port ${port}`,
          'bind 127.0.0.1',
          `sentinel monitor mail 127.0.0.1 ${master.port} 2`,
          'sentinel down-after-milliseconds mail 500',
          'sentinel failover-timeout mail 2000',
          '',
        ].join('\n'),
      )
      const child = this.#spawn([file, '--sentinel'])
      const client = new Redis({ port, host: '127.0.0.1', lazyConnect: true, retryStrategy: () => 50 })
      client.on('error', () => {})
      this.#running.set(child, client)
      await client.connect().catch(() => {})
      await eventually(() => client.status === 'ready')
      ports.push(port)
    }
    for (const [, client] of this.#running) {
      if (!ports.includes(Number(client.options.port))) continue
      let known = ''
      await eventually(() => {
        client.call('SENTINEL', 'MASTER', 'mail').then((fields) => {
          known = JSON.stringify(fields)
        })
        return known.includes('"num-other-sentinels","2"') && known.includes('"num-slaves","1"')
      })
    }
    return ports
  }

  /** A certificate for 127.0.0.1, by an authority of its own: paths of ca.pem, cert.pem, key.pem. */
  certificate(): { ca: string; cert: string; key: string } {
    const at = (name: string) => join(this.directory, name)
    const openssl = (...argv: string[]) =>
      execFileSync('openssl', argv, { cwd: this.directory, stdio: 'ignore' })
    const [ca, cert, key] = [at('ca.pem'), at('cert.pem'), at('key.pem')]
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=authority',
      '-keyout',
      at('ca.key'),
      '-out',
      ca,
    )
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      '/CN=store',
      '-keyout',
      key,
      '-out',
      at('cert.csr'),
    )
    writeFileSync(at('names'), 'subjectAltName=IP:127.0.0.1\n')
    openssl(
      'x509',
      '-req',
      '-in',
      at('cert.csr'),
      '-CA',
      ca,
      '-CAkey',
      at('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      at('names'),
      '-out',
      cert,
    )
    return { ca, cert, key }
  }

  /** A way to a server that takes so many milliseconds for each answer. */
  async slowWay(port: number): Promise<SlowWay> {
    const way = { port: 0, delay: 0, pieces: 0 }
    const relay = createServer((socket) => {
      const onward = connect(port, '127.0.0.1')
      socket.on('error', () => {}).on('close', () => onward.destroy())
      onward.on('error', () => {}).on('close', () => socket.destroy())
      socket.on('data', (bytes) => {
        way.pieces += 1
        onward.write(bytes)
      })
      onward.on('data', (bytes) => setTimeout(() => socket.write(bytes), way.delay))
    }).listen(0, '127.0.0.1')
    await once(relay, 'listening')
    way.port = (relay.address() as AddressInfo).port
    this.#relays.push(relay)
    return way
  }

  async end(): Promise<void> {
    for (const relay of this.#relays) relay.close()
    for (const [child, client] of this.#running) await end(child, client)
    rmSync(this.directory, { recursive: true, force: true })
  }

  #spawn(words: readonly string[]): ChildProcess {
    const { name, file, options } = this.#program
    return spawn(file, [...options, ...words], { stdio: 'ignore', argv0: `${name}-server` })
  }

  #server(child: ChildProcess, client: Redis, port: number, directory: string): Server {
    return {
      port,
      directory,
      client,
      signal: (name) => child.kill(name),
      stop: async () => {
        this.#running.delete(child)
        await end(child, client)
      },
    }
  }
}

async function end(child: ChildProcess, client: Redis): Promise<void> {
  client.disconnect()
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  // also one that is stopped
  child.kill('SIGKILL')
  await gone
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

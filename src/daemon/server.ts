import { lookup } from 'node:dns/promises'
import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { GreyctlError } from '../errors.js'
import { Connection } from './connection.js'
import type { Engine } from './engine.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'

export type Endpoint =
  | { readonly kind: 'inet'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string; readonly mode: number }
  /** Inherited from systemd, already listening (sd_listen_fds(3)). */
  | { readonly kind: 'descriptor'; readonly descriptor: number }

/**
 * More than Postfix's default_process_limit (100) for several instances. When they are used up, whoever was silent for
 * longest makes room: Postfix connects anew without a word when its idle connection is gone.
 */
export const MOST_CONNECTIONS = 1000
/** Postfix itself gives a connection up after 300 s idle and 1000 s in all: whoever is silent for longer is gone (ms). */
const IDLE_AFTER = 1_200_000
/** Milliseconds between two looks for them: a timer for each socket is set anew at every read and write. */
const LOOK = 60_000
/** Postfix's connections wait here while the daemon is busy. The system may allow less. */
const BACKLOG = 512
/** What lies in the sockets' buffers at SIGTERM is still read for so long (milliseconds). */
const READ_ON = 100
/** After that, connections get so long to take their answers (milliseconds). */
const LINGER = 2000

/** The listening sockets and their connections. Requests that come before `start` wait. */
export class PolicyServer {
  readonly #servers: Server[] = []
  readonly #connections = new Set<Connection>()
  readonly #early: Socket[] = []
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #sweep = setInterval(() => this.#closeIdle(), LOOK).unref()
  #engine: Engine | undefined
  #draining = false

  constructor(log: Log, metrics: Metrics) {
    this.#log = log
    this.#metrics = metrics
  }

  /** Binds, and says where it listens. Throws GreyctlError('port-taken') or ('service-failed'). */
  async listen(endpoint: Endpoint): Promise<readonly string[]> {
    if (endpoint.kind === 'unix') await removeStaleSocket(endpoint.path)
    const names: string[] = []
    for (const options of await listenOptions(endpoint)) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
      await bound(server, options, endpoint)
      server.on('error', (error) => this.#log.rarely('accept', `warning: ${error.message}`))
      this.#servers.push(server)
      names.push(nameOf(server, endpoint))
    }
    if (endpoint.kind === 'unix') chmodSync(endpoint.path, endpoint.mode)
    return names
  }

  /** How many are open. */
  get connections(): number {
    return this.#connections.size + this.#early.length
  }

  start(engine: Engine): void {
    this.#engine = engine
    for (const socket of this.#early.splice(0)) this.#accept(socket)
  }

  #accept(socket: Socket): void {
    if (this.#engine === undefined) {
      socket.on('error', () => socket.destroy())
      if (this.#early.length < MOST_CONNECTIONS) this.#early.push(socket)
      else socket.destroy()
      return
    }
    if (this.#connections.size >= MOST_CONNECTIONS && !this.#makeRoom()) {
      this.#metrics.refused['too many'] += 1
      socket.destroy()
      return
    }
    const connection = new Connection(socket, this.#engine, this.#log)
    this.#connections.add(connection)
    this.#metrics.connections += 1
    socket.once('close', () => this.#connections.delete(connection))
    if (this.#draining) connection.drain()
  }

  #closeIdle(): void {
    const before = performance.now() - IDLE_AFTER
    for (const connection of this.#connections) {
      if ((connection.silentSince ?? before) < before) connection.destroy()
    }
  }

  /** False when all wait for an answer. */
  #makeRoom(): boolean {
    let oldest: Connection | undefined
    for (const connection of this.#connections) {
      const since = connection.silentSince
      if (since !== undefined && since < (oldest?.silentSince ?? Number.POSITIVE_INFINITY))
        oldest = connection
    }
    const what = oldest ? 'the one that was silent for longest is closed' : 'a new one is refused'
    this.#log.rarely('connections', `warning: more than ${MOST_CONNECTIONS} connections: ${what}`)
    if (oldest === undefined) return false
    this.#connections.delete(oldest)
    oldest.destroy()
    return true
  }

  /** Answers what was received, closes everything. Resolves within about two seconds. */
  async drain(): Promise<void> {
    this.#draining = true
    clearInterval(this.#sweep)
    const closed = Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    )
    await sleep(READ_ON)
    for (const connection of this.#connections) connection.drain()
    const deadline = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy()
    }, LINGER)
    await closed
    clearTimeout(deadline)
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

async function listenOptions(endpoint: Endpoint): Promise<ListenOptions[]> {
  if (endpoint.kind === 'descriptor') return [{ fd: endpoint.descriptor } as ListenOptions]
  if (endpoint.kind === 'unix') return [{ path: endpoint.path, backlog: BACKLOG }]
  const { host, port } = endpoint
  const addresses = await lookup(host, { all: true }).catch((cause: Error) => {
    throw new GreyctlError('service-failed', `cannot listen on ${host}: ${cause.message}`, { cause })
  })
  // with --inet=localhost:0 each family would get a port of its own
  const used = port === 0 ? addresses.slice(0, 1) : addresses
  return [...new Set(used.map(({ address }) => address))].map((address) => ({
    host: address,
    port,
    backlog: BACKLOG,
    ipv6Only: address.includes(':'),
  }))
}

function bound(server: Server, options: ListenOptions, endpoint: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = describe(endpoint)
      if (error.code === 'EADDRINUSE') {
        reject(
          new GreyctlError('port-taken', `cannot listen on ${where}: somebody else does`, {
            hints: ['stop the other program, or choose another address with --inet or --unix'],
            cause: error,
          }),
        )
      } else {
        reject(
          new GreyctlError('service-failed', `cannot listen on ${where}: ${error.message}`, { cause: error }),
        )
      }
    })
    server.listen(options, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function describe(endpoint: Endpoint): string {
  if (endpoint.kind === 'inet') return `${endpoint.host}:${endpoint.port}`
  return endpoint.kind === 'unix' ? endpoint.path : `inherited descriptor ${endpoint.descriptor}`
}

function nameOf(server: Server, endpoint: Endpoint): string {
  const address = server.address()
  if (typeof address === 'string') return `unix:${address}`
  if (address === null) return describe(endpoint)
  return `inet:${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`
}

/** A socket that a killed daemon left behind is removed; one that somebody answers on, or any other file, is not. */
async function removeStaleSocket(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return
  if (await answers(path)) {
    throw new GreyctlError('port-taken', `cannot listen on ${path}: somebody else does`, { where: path })
  }
  unlinkSync(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

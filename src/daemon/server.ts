import { lookup } from 'node:dns/promises'
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { GreyctlError } from '../errors.js'
import { Connection } from './connection.js'
import { type Endpoint, isLoopback, nobodyMayAsk } from './endpoints.js'
import type { Engine } from './engine.js'
import type { Gate } from './gate.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Identity } from './privileges.js'
import { bindUnixSocket, openUnixSocket, removeStaleSocket } from './unix-socket.js'

/**
 * More than Postfix's default_process_limit (100) for several instances. When they are used up, whoever was silent for
 * longest makes room: Postfix connects anew without a word when its idle connection is gone.
 */
export const MOST_CONNECTIONS = 1000
/** Postfix itself gives a connection up after 300 s idle and 1000 s in all: whoever is silent for longer is gone (ms). */
export const IDLE_AFTER = 1_200_000
/** Milliseconds between two looks for them: a timer for each socket is set anew at every read and write. */
const LOOK = 60_000
/** What lies in the sockets' buffers at SIGTERM is still read for so long (milliseconds). */
const READ_ON = 100
/** After that, connections get so long to take their answers (milliseconds). */
const LINGER = 2000

export interface ServerOptions {
  readonly metrics: Metrics
  readonly gate: Gate
  /** Connections that may wait to be accepted (listen(2)). */
  readonly backlog: number
  /** Closes a connection after its answer: Exim reads until then. */
  readonly closeAfterAnswer: boolean
  readonly verbose: boolean
  /** Whom the daemon becomes. */
  readonly identity?: Identity | undefined
}

/** The listening sockets and their connections. Requests that come before `start` wait. */
export class PolicyServer {
  readonly #servers: Server[] = []
  readonly #connections = new Set<Connection>()
  readonly #early: Socket[] = []
  readonly #bound = new Set<string>()
  readonly #log: Log
  readonly #options: ServerOptions
  readonly #sweep = setInterval(() => this.#closeIdle(), LOOK).unref()
  #engine: Engine | undefined
  #draining = false

  constructor(log: Log, options: ServerOptions) {
    this.#log = log
    this.#options = options
  }

  /**
   * Binds, and says where it listens; nowhere new where it listens already. Throws GreyctlError('port-taken'),
   * ('service-failed'), or ('usage') for an address that others can reach while nobody else may ask.
   */
  async listen(endpoint: Endpoint): Promise<readonly string[]> {
    if (endpoint.kind === 'unix') {
      if (this.#bound.has(`unix:${endpoint.path}`)) return []
      await removeStaleSocket(endpoint.path)
    }
    const names: string[] = []
    for (const options of await listenOptions(endpoint, this.#options.backlog)) {
      if (endpoint.kind === 'inet') {
        if (this.#bound.has(inetName(options.host ?? '', endpoint.port))) continue
        this.#assertGuarded(options.host, endpoint)
      }
      names.push(await this.#open(options, endpoint))
    }
    if (endpoint.kind === 'unix') openUnixSocket(endpoint, this.#options.identity)
    return names
  }

  async #open(options: ListenOptions, endpoint: Endpoint): Promise<string> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
    await bound(server, options, endpoint)
    server.on('error', (error) => this.#log.rarely('accept', `warning: ${error.message}`))
    this.#servers.push(server)
    const address = server.address()
    if (address !== null && typeof address === 'object') this.#assertGuarded(address.address, endpoint)
    const name = nameOf(server, endpoint)
    this.#bound.add(name)
    return name
  }

  /** How many are open. */
  get connections(): number {
    return this.#connections.size + this.#early.length
  }

  #assertGuarded(address: string | undefined, endpoint: Endpoint): void {
    if (address === undefined || isLoopback(address) || this.#options.gate.isOpen) return
    throw nobodyMayAsk(describe(endpoint), address)
  }

  start(engine: Engine): void {
    this.#engine = engine
    for (const socket of this.#early.splice(0)) this.#accept(socket)
  }

  #accept(socket: Socket): void {
    if (!this.#options.gate.admits(socket.remoteAddress)) {
      this.#options.metrics.refused['not allowed'] += 1
      this.#log.rarely('gate', `warning: ${socket.remoteAddress} may not ask; connection dropped`)
      socket.destroy()
      return
    }
    if (this.#options.verbose) this.#log.line(`connect from ${peerOf(socket)}`)
    if (this.#engine === undefined) {
      socket.on('error', () => socket.destroy())
      if (this.#early.length < MOST_CONNECTIONS) this.#early.push(socket)
      else {
        this.#options.metrics.refused['too many'] += 1
        socket.destroy()
      }
      return
    }
    if (this.#connections.size >= MOST_CONNECTIONS && !this.#makeRoom()) {
      this.#options.metrics.refused['too many'] += 1
      socket.destroy()
      return
    }
    const connection = new Connection(socket, this.#engine, this.#log, this.#options.closeAfterAnswer)
    this.#connections.add(connection)
    this.#options.metrics.connections += 1
    socket.once('close', () => this.#connections.delete(connection))
    if (this.#draining) connection.drain()
  }

  /** After a reload: who may not ask any more gets the answers to what was received, and is sent away. */
  dismiss(): void {
    for (const connection of this.#connections) {
      if (this.#options.gate.admits(connection.peer)) continue
      this.#options.metrics.refused['not allowed'] += 1
      this.#log.rarely('gate', `warning: ${connection.peer} may not ask any more; connection closed`)
      connection.drain()
    }
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

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return remoteAddress === undefined ? 'a unix socket' : `${remoteAddress} port ${remotePort}`
}

async function listenOptions(endpoint: Endpoint, backlog: number): Promise<ListenOptions[]> {
  if (endpoint.kind === 'descriptor') return [{ fd: endpoint.descriptor } as ListenOptions]
  if (endpoint.kind === 'unix') return [{ path: endpoint.path, backlog }]
  const { host, port } = endpoint
  // one socket for both families, where the machine has both
  if (host === '*') return [{ host: '::', port, backlog }]
  const addresses = await lookup(host, { all: true }).catch((cause: Error) => {
    throw new GreyctlError('service-failed', `cannot listen on ${host}: ${cause.message}`, { cause })
  })
  // with --inet=localhost:0 each family would get a port of its own
  const used = port === 0 ? addresses.slice(0, 1) : addresses
  return [...new Set(used.map(({ address }) => address))].map((address) => ({
    host: address,
    port,
    backlog,
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
    const listening = () => {
      server.removeAllListeners('error')
      resolve()
    }
    if (endpoint.kind === 'unix') bindUnixSocket(server, options, listening)
    else server.listen(options, listening)
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
  return inetName(address.address, address.port)
}

function inetName(address: string, port: number): string {
  return `inet:${address.includes(':') ? `[${address}]` : address}:${port}`
}

import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startDaemon } from '../../src/daemon/daemon.js'
import type { Log } from '../../src/daemon/log.js'
import { parseOptions } from '../../src/daemon/options.js'
import type { Store } from '../../src/store/store.js'

export interface Running {
  readonly daemon: Daemon
  readonly port: number
  readonly lines: string[]
  readonly base: string
  /** Seconds since the epoch. */
  now: number
  stop(): Promise<void>
}

/** A daemon takes its process for itself; here others follow in it. */
const MASK = process.umask()

/** A daemon in this process, on a port of its own, with a clock that stands still. */
export async function startTestDaemon(argv: readonly string[] = [], store?: Store): Promise<Running> {
  const base = mkdtempSync(join(tmpdir(), 'greyctl-daemon-'))
  const lines: string[] = []
  const log: Log = {
    line: (text) => lines.push(text),
    record: (text) => lines.push(text),
    rarely: (_, text) => lines.push(text),
    flush: async () => {},
  }
  const words = [
    '--inet=0',
    '--config=/dev/null',
    '--store=memory:',
    `--whitelist-clients=${join(base, 'clients.local')}`,
    `--whitelist-recipients=${join(base, 'recipients.local')}`,
    '--hostname=mx.example.com',
    // nobody is asked about the senders of a test
    '--identity=subnet',
    ...argv,
  ]
  const reread = () => parseOptions(words)
  const options = reread()
  const running = { now: 1_800_000_000, lines, base }
  const clock = () => running.now * 1000
  const daemon = await startDaemon(options, {
    log,
    version: '0.1.0',
    clock,
    reread,
    ...(store ? { store } : {}),
  }).catch((error) => {
    process.umask(MASK)
    throw error
  })
  return Object.assign(running, {
    daemon,
    port: Number(daemon.listening[0]?.split(':').at(-1)),
    async stop() {
      await daemon.stop()
      process.umask(MASK)
      rmSync(base, { recursive: true, force: true })
    },
  })
}

export interface Client {
  readonly socket: Socket
  send(text: string): void
  /** So many answers, without their `action=`. */
  answers(count: number): Promise<string[]>
  readonly closed: Promise<void>
}

export function client(to: number | string, host = '127.0.0.1'): Promise<Client> {
  const socket = typeof to === 'string' ? connect(to) : connect(to, host)
  let text = ''
  let taken = 0
  const answersSoFar = () => text.split('\n\n').slice(0, -1)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  const made: Client = {
    socket,
    send: (bytes) => socket.write(bytes, 'latin1'),
    async answers(count) {
      const until = performance.now() + 5000
      while (answersSoFar().length < taken + count) {
        if (performance.now() > until || socket.closed)
          throw new Error(`no answer, only: ${JSON.stringify(text)}`)
        await somethingHappened(socket)
      }
      const found = answersSoFar().slice(taken, taken + count)
      taken += count
      return found.map((answer) => answer.replace(/^action=/, ''))
    },
    closed,
  }
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(made))
    socket.once('error', reject)
  })
}

/** Something came, or a moment passed. */
function somethingHappened(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      socket.off('data', done).off('close', done)
      resolve()
    }
    const timer = setTimeout(done, 50)
    socket.once('data', done).once('close', done)
  })
}

export function policyText(changes: Readonly<Record<string, string>> = {}): string {
  const attributes = {
    request: 'smtpd_access_policy',
    client_address: '192.0.2.25',
    client_name: 'mail.example.org',
    sender: 'alice@example.org',
    recipient: 'bob@example.com',
    ...changes,
  }
  return `${Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}\n`
}

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, client, policyText } from './running.js'

/** As systemd starts it. `npm test` builds first. */
export const BUILT = fileURLToPath(new URL('../../dist/daemon/main.js', import.meta.url))

export interface Spawned {
  readonly child: ChildProcess
  readonly port: number
  /** What it logged. */
  log(): string
  /** MiB of its own memory. */
  memory(): number
  /** Resolves when it is gone. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

const OURS = [process.execPath, BUILT]

/**
 * The daemon as a process of its own, on a free port of 127.0.0.1. `wrap` goes before the command line; `program` is
 * another daemon than ours.
 */
export async function spawnDaemon(
  base: string,
  argv: readonly string[],
  wrap: readonly string[] = [],
  program: readonly string[] = OURS,
): Promise<Spawned> {
  const empty = join(base, 'empty')
  writeFileSync(empty, '')
  const command = [
    ...wrap,
    ...program,
    '--inet=127.0.0.1:0',
    '--config=/dev/null',
    '--identity=subnet',
    `--whitelist-clients=${empty}`,
    `--whitelist-recipients=${empty}`,
    ...argv,
  ]
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] })
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    // the lines of single decisions are many
    text = (text + chunk.toString('latin1')).slice(-200_000)
  })
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const listening = await eventually(() => {
    const found = /listening on inet:127\.0\.0\.1:(\d+)/.exec(text)
    if (!found && (child.exitCode ?? child.signalCode) !== null) throw new Error(`the daemon ended: ${text}`)
    return found
  })
  const port = Number(listening[1])
  return {
    child,
    port,
    log: () => text,
    memory() {
      const rollup = readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8')
      return Number(/^Pss_Anon:\s+(\d+)/m.exec(rollup)?.[1]) / 1024
    },
    async kill(signal) {
      child.kill(signal)
      await gone
    },
  }
}

export async function eventually<T>(
  look: () => T | undefined | null | false,
  milliseconds = 30_000,
): Promise<T> {
  const end = performance.now() + milliseconds
  for (;;) {
    const found = look()
    if (found !== undefined && found !== null && found !== false) return found
    if (performance.now() > end) throw new Error('it did not happen')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Milliseconds within which a well-behaved client must have its answer. */
const PATIENCE = 2000

/**
 * A client that behaves, beside whatever else happens: asks about a new triplet over and over, on a connection that it
 * opens anew when it was closed, as Postfix does. `stop` says how often it was answered, and throws when one answer
 * was not there in time.
 */
export function goodClient(port: number): { stop(): Promise<number> } {
  let ended = false
  let answered = 0
  const run = async () => {
    let connection = await client(port)
    while (!ended) {
      connection = await askOnce(connection, port, policyText({ sender: `good${answered}x@good.example` }))
      answered += 1
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    connection.socket.destroy()
  }
  const running = run()
  running.catch(() => {})
  return {
    async stop() {
      ended = true
      await running
      return answered
    },
  }
}

/** The connection that had the answer: this one, or a new one where it was closed while idle. */
async function askOnce(connection: Client, port: number, text: string): Promise<Client> {
  for (const asked of [connection, undefined]) {
    const current = asked ?? (await client(port))
    current.send(text)
    const late = new Promise<string>((resolve) => setTimeout(resolve, PATIENCE, 'late').unref())
    const answer = current.answers(1).catch(() => undefined)
    const outcome = await Promise.race([answer, current.closed, late])
    if (outcome === 'late') throw new Error(`a good client waited longer than ${PATIENCE} ms`)
    if (outcome !== undefined) return current
  }
  throw new Error('a good client was turned away twice')
}

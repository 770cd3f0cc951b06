import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPackages } from '../../debian.mjs'
import { type Client, client, startTestDaemon } from '../running.js'

const POSTGREY = '/usr/sbin/postgrey'

export function installed(): boolean {
  if (process.getuid?.() !== 0) return false
  if (existsSync(POSTGREY)) return true
  installPackages('postgrey')
  return existsSync(POSTGREY)
}

/** The real postgrey and this daemon, with the same options, whitelists and clock. */
export interface Sides {
  readonly theirs: Side
  readonly mine: Side
  stop(): Promise<void>
}

export interface Side {
  /** A connection of its own. */
  connect(): Promise<Client>
  /** What was logged of decisions so far. */
  lines(): readonly string[]
  /** postgrey's, once it has died. */
  readonly exit: Promise<number | null>
}

export interface Whitelists {
  readonly clients: string
  readonly recipients: string
}

export async function startSides(options: readonly string[], lists: Whitelists): Promise<Sides> {
  // each answer of postgrey's waits for its disk, which is not what is compared here
  const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'greyctl-postgrey-'))
  spawnSync('chmod', ['755', base])
  writeFileSync(join(base, 'clients'), lists.clients)
  writeFileSync(join(base, 'recipients'), lists.recipients)
  const common = [
    `--whitelist-clients=${join(base, 'clients')}`,
    `--whitelist-recipients=${join(base, 'recipients')}`,
    ...options,
  ]
  const { child, side: theirs } = await startPostgrey(base, common)
  const daemon = await startTestDaemon(['--test-clock', '--identity=subnet', ...common])
  return {
    theirs,
    mine: {
      connect: () => client(daemon.port),
      lines: () => daemon.lines.filter(isDecision),
      exit: new Promise(() => {}),
    },
    async stop() {
      child.kill('SIGKILL')
      await daemon.stop()
      rmSync(base, { recursive: true, force: true })
    },
  }
}

async function startPostgrey(
  base: string,
  options: readonly string[],
): Promise<{ child: ChildProcess; side: Side }> {
  const database = join(base, 'db')
  mkdirSync(database)
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgrey'], { encoding: 'utf8' }).stdout)
  chownSync(database, id('-u'), id('-g'))
  const port = await freePort()
  const child = spawn(POSTGREY, [`--inet=127.0.0.1:${port}`, `--dbdir=${database}`, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let text = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  const side: Side = {
    connect: () => connected(port),
    lines: () => text.split('\n').slice(0, -1).filter(isDecision),
    exit: new Promise((resolve) => child.once('exit', (code) => resolve(code))),
  }
  return { child, side }
}

function isDecision(line: string): boolean {
  return /action=|^whitelisted:/.test(line)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function connected(port: number): Promise<Client> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await client(port)
    } catch (error) {
      if (attempt > 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** The programs that are compared: how each comes here, is started, and what memory it takes. */
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { installPackages } from '../test/debian.mjs'

const ROOT = new URL('..', import.meta.url).pathname
/** All else is as each has it by default. A short delay, so that triplets become known within the run. */
const OPTIONS = ['--delay=1']

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

function tryConnect(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** What greyctl's unit gives it. */
export function unitEnvironment() {
  const unit = readFileSync(join(ROOT, 'templates/greyctl.service'), 'utf8')
  const set = [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])
  return { ...process.env, ...Object.fromEntries(set) }
}

async function started(name, argv, port, env = process.env) {
  const child = spawn(argv[0], argv.slice(1), { stdio: 'ignore', env })
  for (let attempt = 0; !(await tryConnect(port)); attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`)
    if (attempt > 1200) throw new Error(`${name} does not listen`)
    await sleep(50)
  }
  return {
    name,
    port,
    pid: child.pid,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const hard = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await gone
      clearTimeout(hard)
    },
  }
}

/** What src says now, compiled beside dist, which is left alone. The directory that holds dist/. */
export function compile(scratch) {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  if (!existsSync(compiler)) return ROOT
  spawnSync(process.execPath, [compiler, '-p', ROOT, '--outDir', join(scratch, 'dist')], { stdio: 'ignore' })
  cpSync(join(ROOT, 'package.json'), join(scratch, 'package.json'))
  for (const name of ['node_modules', 'templates']) symlinkSync(join(ROOT, name), join(scratch, name))
  return scratch
}

/** The load generator, compiled. */
export function compileLoad(scratch) {
  if (!have('/usr/bin/cc', ['gcc', 'libc6-dev']))
    throw new Error('the load generator needs a C compiler (gcc)')
  const program = join(scratch, 'load')
  const made = spawnSync('cc', ['-O2', '-Wall', '-o', program, join(ROOT, 'bench/load.c')], {
    stdio: 'inherit',
  })
  if (made.status !== 0) throw new Error('bench/load.c does not compile')
  return program
}

/** Whether a program is here, after its Debian packages were asked for where that can be. */
function have(program, packages) {
  if (existsSync(program)) return true
  console.log(`installing ${packages.join(', ')} …`)
  return installPackages(...packages) && existsSync(program)
}

/** A server program as test/store/valkey/programs.ts finds it. */
export async function startValkey({ name, file, options }, scratch) {
  const port = await freePort()
  // what it is depends on the name that it is started by
  const link = join(scratch, `${name}-server`)
  symlinkSync(file, link)
  const argv = [link, ...options]
  const version = spawnSync(link, [...options, '--version'], { encoding: 'utf8' }).stdout
  const words = ['--port', port, '--bind', '127.0.0.1', '--dir', scratch, '--save', '']
  const server = await started(name, [...argv, ...words.map(String)], port)
  return {
    ...server,
    version: /^(.*? v=[\d.]+)/.exec(version)?.[1]?.replace(/ (?:server )?v=/i, ' ') ?? name,
  }
}

function whitelists(scratch) {
  const path = join(scratch, 'empty')
  writeFileSync(path, '')
  chmodSync(path, 0o644)
  return [`--whitelist-clients=${path}`, `--whitelist-recipients=${path}`]
}

export async function startGreyctl(name, program, scratch, store, options = []) {
  const port = await freePort()
  const main = join(program, 'dist/daemon/main.js')
  const own = [
    `--inet=127.0.0.1:${port}`,
    `--dbdir=${store}`,
    '--config=/dev/null',
    '--identity=subnet',
    ...OPTIONS,
    ...whitelists(scratch),
    ...options,
  ]
  return started(name, [process.execPath, main, ...own], port, unitEnvironment())
}

/** A directory that belongs to a user, as root alone can make it. */
export function ownDirectory(directory, user) {
  mkdirSync(directory)
  const id = (flag) => Number(spawnSync('id', [flag, user], { encoding: 'utf8' }).stdout)
  if (process.getuid() === 0) chownSync(directory, id('-u'), id('-g'))
  return directory
}

/** undefined where it cannot be installed. */
export async function startPostgrey(scratch) {
  const program = '/usr/sbin/postgrey'
  if (!have(program, ['postgrey'])) return undefined
  const port = await freePort()
  const directory = ownDirectory(join(scratch, 'postgrey'), 'postgrey')
  const own = [`--inet=127.0.0.1:${port}`, `--dbdir=${directory}`, ...OPTIONS, ...whitelists(scratch)]
  return started('postgrey', [program, ...own], port)
}

/** With SQLite; undefined where it cannot be installed. */
export async function startSqlgrey(scratch) {
  const program = '/usr/sbin/sqlgrey'
  if (!have(program, ['sqlgrey', 'libdbd-sqlite3-perl'])) return undefined
  const port = await freePort()
  const directory = ownDirectory(join(scratch, 'sqlgrey'), 'sqlgrey')
  const configuration = join(scratch, 'sqlgrey.conf')
  const lines = [
    `inet = 127.0.0.1:${port}`,
    `pidfile = ${join(directory, 'pid')}`,
    'db_type = SQLite',
    `db_name = ${join(directory, 'db')}`,
    'reconnect_delay = 0',
  ]
  writeFileSync(configuration, `${lines.join('\n')}\n`)
  return started('sqlgrey', [program, '-f', configuration], port)
}

export async function startEcho() {
  const port = await freePort()
  return started('bare Node', [process.execPath, join(ROOT, 'bench/echo.mjs'), String(port)], port)
}

/** MiB of its own memory (what the system cannot take back), by smaps_rollup(5). */
export function privateMemory(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss_Anon:\s+(\d+)/m.exec(rollup)?.[1] ?? Number.NaN) / 1024
}

/**
 * Seconds of processor time, user and system, that a process has taken with its threads, its children, and theirs
 * (proc_pid_stat(5)); in steps of 10 ms.
 */
export function processorSeconds(pid) {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(statOf)
  const mine = new Set([pid])
  // a child may have a smaller number than its parent
  for (let found = 0; found < mine.size; ) {
    found = mine.size
    for (const { id, parent } of processes) if (mine.has(parent)) mine.add(id)
  }
  const ticks = processes.filter(({ id }) => mine.has(id)).reduce((sum, one) => sum + one.ticks, 0)
  return ticks / TICKS
}

/** sysconf(3) _SC_CLK_TCK, the same on every Linux that Debian builds. */
const TICKS = 100

function statOf(name) {
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8')
    // the second field, a name in brackets, may hold spaces
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user, system, childrensUser, childrensSystem] = fields.slice(11, 15).map(Number)
    const ticks = user + system + childrensUser + childrensSystem
    return [{ id: Number(name), parent: Number(fields[1]), ticks }]
  } catch {
    return []
  }
}

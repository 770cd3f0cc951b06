/** The programs that are compared: how each is started, and what memory it takes. */
import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = new URL('..', import.meta.url).pathname
/** A short delay, so that triplets become known within the run; no automatic whitelist, so that they are looked up. */
const OPTIONS = ['--delay=1', '--auto-whitelist-clients=0']

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function untilListening(port, child) {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`)
    const up = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
      socket.once('close', () => socket.destroy())
      socket.once('connect', () => socket.destroy())
    })
    if (up) return
    await sleep(50)
  }
  throw new Error('it does not listen')
}

async function started(child, port) {
  await untilListening(port, child)
  return {
    port,
    pid: child.pid,
    async stop() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const hard = setTimeout(() => child.kill('SIGKILL'), 5000)
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
  symlinkSync(join(ROOT, 'node_modules'), join(scratch, 'node_modules'))
  return scratch
}

function whitelists(scratch) {
  const path = join(scratch, 'empty')
  writeFileSync(path, '')
  chmodSync(path, 0o644)
  return [`--whitelist-clients=${path}`, `--whitelist-recipients=${path}`]
}

export async function startGreyctl(program, scratch, store) {
  const port = await freePort()
  const main = join(program, 'dist/daemon/main.js')
  const argv = [
    main,
    `--inet=127.0.0.1:${port}`,
    `--dbdir=${store}`,
    '--identity=subnet',
    ...OPTIONS,
    ...whitelists(scratch),
  ]
  return started(spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'ignore'] }), port)
}

export const POSTGREY = '/usr/sbin/postgrey'

export async function startPostgrey(scratch) {
  const port = await freePort()
  const database = join(scratch, 'postgrey')
  mkdirSync(database)
  if (process.getuid() === 0) {
    const id = (flag) => Number(spawnSync('id', [flag, 'postgrey'], { encoding: 'utf8' }).stdout)
    chownSync(database, id('-u'), id('-g'))
  }
  const argv = [`--inet=127.0.0.1:${port}`, `--dbdir=${database}`, ...OPTIONS, ...whitelists(scratch)]
  return started(spawn(POSTGREY, argv, { stdio: ['ignore', 'ignore', 'ignore'] }), port)
}

/** MiB: the process's own memory, and pages of mapped files, which the system may drop. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const of = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024
  return { rss: of('VmRSS'), own: of('RssAnon'), mapped: of('RssFile') + of('RssShmem') }
}

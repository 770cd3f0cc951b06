/**
 * npm run bench:fleet [-- --write] [--seconds=0.5] [--rounds=9] [--stored=300000]: daemons that share a Valkey or Redis
 * server on this machine, beside one with LMDB, in turns; how long a mail waits when the server hangs; the server's memory
 * for each triplet. --write puts the tables, and what follows for many hosts, into docs/scale.md.
 */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { serverPrograms } from '../test/store/valkey/programs.js'
import { scalePage } from './scale-page.mjs'
import { compile, compileLoad, startGreyctl, startValkey } from './servers.mjs'
import { requestOf } from './triplets.mjs'

const CONNECTIONS = 20
const KNOWN = 5000
const MILLION = 1_000_000
const FLEETS = [1, 2, 4]
/** A second (sysconf(3), _SC_CLK_TCK). */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

const option = (name, otherwise) =>
  Number(new RegExp(`--${name}=([\\d.]+)`).exec(process.argv.join(' '))?.[1] ?? otherwise)
const seconds = option('seconds', 0.5)
const rounds = option('rounds', 9)
const stored = option('stored', 300_000)

const [busy = 0] = loadavg()
const scratch = mkdtempSync(join(process.env.GREYCTL_BENCH_HOME ?? tmpdir(), 'greyctl-fleet-'))
chmodSync(scratch, 0o755)
const run = promisify(execFile)
const program = compile(scratch)
const generator = compileLoad(scratch)

async function load(server, connections, kind, first, count, time = seconds) {
  const argv = [server.port, connections, time, kind, first, count].map(String)
  const result = JSON.parse((await run(generator, argv)).stdout)
  const wanted = kind === 'new' ? 'DEFER_IF_PERMIT' : 'DUNNO'
  const others = Object.keys(result.actions).filter((name) => name.toUpperCase() !== wanted)
  if (kind !== 'once' && others.length > 0) {
    throw new Error(`${server.name}: ${JSON.stringify(result.actions)} for ${kind}`)
  }
  return result
}

/** All daemons at once, with the same number of connections in all: `first` for each of them, by its place. */
async function together(daemons, kind, first, count = 0) {
  const connections = Math.ceil(CONNECTIONS / daemons.length)
  const before = daemons.map(processorTime)
  const results = await Promise.all(daemons.map((one, at) => load(one, connections, kind, first(at), count)))
  const sum = (list) => list.reduce((total, value) => total + value, 0)
  const spent = sum(daemons.map(processorTime)) - sum(before)
  return {
    rate: sum(results.map(({ rate }) => rate)),
    p50: Math.max(...results.map(({ p50 }) => p50)),
    p99: Math.max(...results.map(({ p99 }) => p99)),
    cpu: (spent / sum(results.map(({ answered }) => answered))) * 1e6,
  }
}

/** Seconds of processor time that a process has taken, all its threads together (proc(5), stat: utime, stime). */
function processorTime({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

const median = (runs) => runs.toSorted((one, other) => one.rate - other.rate)[Math.floor(runs.length / 2)]

async function learnKnown(daemon) {
  await load(daemon, CONNECTIONS, 'once', 0, KNOWN)
  await sleep(1100)
  await load(daemon, CONNECTIONS, 'once', 0, KNOWN)
}

async function rates(valkey, daemons, lmdb) {
  const cases = [['LMDB', [lmdb]], ...FLEETS.map((count) => [count, daemons.slice(0, count)])]
  const results = new Map(cases.map(([name]) => [name, { fresh: [], known: [] }]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, [name, fleet]] of cases.entries()) {
      const result = results.get(name)
      // none of them may know what another case asked about
      const first = ((round * cases.length + at) * Math.max(...FLEETS) + 20) * MILLION
      result.fresh.push(await together(fleet, 'new', (place) => first + place * MILLION))
      // the same ones for all of them
      result.known.push(await together(fleet, 'known', () => 0, KNOWN))
    }
  }
  for (const result of results.values()) {
    for (const kind of ['fresh', 'known']) {
      const runs = result[kind]
      const cpu = runs.map((one) => one.cpu).sort((a, b) => a - b)[Math.floor(runs.length / 2)]
      result[kind] = { ...median(runs), cpu }
    }
  }
  return { results, traffic: await trafficOf(valkey, daemons[0], 900 * MILLION) }
}

/** Bytes between daemon and server, both ways, and the server's processor time, for each answer. */
async function trafficOf(valkey, daemon, first) {
  const measure = async (kind, first, count) => {
    const before = await figures(valkey)
    const { answered } = await load(daemon, CONNECTIONS, kind, first, count, 1)
    const after = await figures(valkey)
    return {
      bytes: (after.bytes - before.bytes) / answered,
      cpu: ((after.cpu - before.cpu) / answered) * 1e6,
    }
  }
  return { fresh: await measure('new', first, 0), known: await measure('known', 0, KNOWN) }
}

async function figures({ client }) {
  const text = await client.info()
  const value = (name) => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(text)[1])
  return {
    bytes: value('total_net_input_bytes') + value('total_net_output_bytes'),
    cpu: value('used_cpu_sys') + value('used_cpu_user'),
  }
}

/** The longest answer while the server hangs for a second, and then is killed. */
async function worstWait(valkey, daemon) {
  const asking = load(daemon, CONNECTIONS, 'new', 950 * MILLION, 0, 4)
  await sleep(1000)
  process.kill(valkey.pid, 'SIGSTOP')
  await sleep(1000)
  process.kill(valkey.pid, 'SIGCONT')
  await sleep(1000)
  process.kill(valkey.pid, 'SIGKILL')
  return asking
}

/** Bytes, when the server's tables have moved to their new size. */
async function usedMemory({ client }) {
  const used = async () => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))[1])
  for (let before = await used(), same = 0; ; ) {
    await sleep(200)
    const now = await used()
    same = Math.abs(now - before) < 10_000 ? same + 1 : 0
    if (same === 3) return now
    before = now
  }
}

/** Bytes of the server's memory for each of so many triplets, in clear and sealed (--privacy). */
async function memory(valkey, location) {
  const { keysOf } = await import(join(program, 'dist/greylist/key.js'))
  const { parseAddress } = await import(join(program, 'dist/greylist/address.js'))
  const { DEFAULT_POLICY } = await import(join(program, 'dist/greylist/policy.js'))
  const { ValkeyStore } = await import(join(program, 'dist/store/valkey/valkey.js'))
  const { parseValkey } = await import(join(program, 'dist/store/valkey/location.js'))
  const { connect } = await import(join(program, 'dist/store/valkey/connect.js'))
  const { Names } = await import(join(program, 'dist/store/valkey/names.js'))
  const { createHmac } = await import('node:crypto')
  const where = parseValkey(location)
  const store = new ValkeyStore(await connect(where, 5000), where, () => 35 * 86_400)
  const seal = (text) => createHmac('sha256', 'key').update(text, 'latin1').digest('base64url')
  const names = new Names(where.prefix)
  let keyBytes = 0
  const measure = async (policy) => {
    keyBytes = 0
    await valkey.client.flushall('SYNC')
    const before = await usedMemory(valkey)
    for (let from = 0; from < stored; from += 1000) {
      const entries = Array.from({ length: 1000 }, (_, at) => {
        const request = requestOf(from + at)
        const [key] = keysOf(request, parseAddress(request.clientAddress), policy).triplets
        keyBytes += names.of(key).length
        return [key, { first: 1_760_000_000, last: 1_760_000_100, count: 1 }]
      })
      await store.putMany(entries)
    }
    return { bytes: ((await usedMemory(valkey)) - before) / stored, key: keyBytes / stored }
  }
  const clear = await measure(DEFAULT_POLICY)
  const sealed = await measure({ ...DEFAULT_POLICY, seal })
  await store.close()
  return { clear: clear.bytes, clearKey: clear.key, sealed: sealed.bytes, sealedKey: sealed.key }
}

async function main() {
  // the server that the tests take: Debian 13's Valkey, also on Debian 12
  const [found] = serverPrograms()
  if (found === undefined) throw new Error('neither valkey-tools nor redis-tools can be installed here')
  const server = await startValkey(found, scratch)
  const { Redis } = await import('iovalkey')
  const client = new Redis(server.port, '127.0.0.1', { retryStrategy: () => null })
  client.on('error', () => {})
  const valkey = { ...server, client }
  const location = (local) => `valkey://127.0.0.1:${server.port}?local=${join(scratch, local)}`
  const started = []
  const shared = async (name) => {
    const daemon = await startGreyctl(name, program, scratch, join(scratch, 'none'), [
      `--store=${location(name)}`,
      '--quiet',
    ])
    started.push(daemon)
    return daemon
  }
  try {
    const bytes = await memory(valkey, location('memory'))
    await client.flushall()
    const lmdb = await startGreyctl('LMDB', program, scratch, join(scratch, 'lmdb'), ['--quiet'])
    started.push(lmdb)
    const daemons = []
    for (let n = 0; n < Math.max(...FLEETS); n += 1) daemons.push(await shared(`mx${n + 1}`))
    await learnKnown(lmdb)
    await learnKnown(daemons[0])
    const { results, traffic } = await rates(valkey, daemons, lmdb)
    // a daemon that may run no scripts takes the two round trips that it would in a cluster
    await client.call('ACL', 'SETUSER', 'default', '-eval', '-evalsha')
    const twice = await trafficOf(valkey, await shared('twice'), 920 * MILLION)
    await client.call('ACL', 'SETUSER', 'default', '+eval', '+evalsha')
    const worst = await worstWait(valkey, daemons[0])
    const measured = {
      results,
      traffic,
      twice,
      worst,
      bytes,
      stored,
      busy,
      cores: cpus().length,
      node: process.version,
      server: server.version,
    }
    const page = scalePage(measured)
    console.log(page)
    if (process.argv.includes('--write')) {
      const path = new URL('../docs/scale.md', import.meta.url)
      writeFileSync(path, page)
      console.log(`${readFileSync(path).length} bytes in docs/scale.md`)
    }
  } finally {
    client.disconnect()
    for (const one of started) await one.stop()
    await server.stop()
    rmSync(scratch, { recursive: true, force: true })
  }
}

await main()

/**
 * npm run bench [-- --write] [--seconds=0.5] [--rounds=15] [--stored=10000000] [--expiring=5000000]: this daemon, Debian's
 * postgrey and sqlgrey, and a bare Node server under the same load in one run, in turns. A short one:
 * --seconds=0.3 --rounds=3 --stored=1000000 --expiring=500000. --write puts the tables into docs/benchmarks.md.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { page } from './page.mjs'
import { GOOD_MAIL, sectionOf, withSection } from './section.mjs'
import {
  compile,
  compileLoad,
  freePort,
  privateMemory,
  processorSeconds,
  startEcho,
  startGreyctl,
  startPostgrey,
  startSqlgrey,
  unitEnvironment,
} from './servers.mjs'

const CONNECTIONS = 20
/** Triplets that are asked for over and over. */
const KNOWN = 5000
const MILLION = 1_000_000
const AGE = 100
/** Milliseconds: greyctl moves new triplets to its tree within a second, SQLite and Berkeley DB do it at once. */
const SETTLE = 1500
const MONTHS = 90 * 86_400

const option = (name, otherwise) =>
  Number(new RegExp(`--${name}=([\\d.]+)`).exec(process.argv.join(' '))?.[1] ?? otherwise)
const seconds = option('seconds', 0.5)
const rounds = option('rounds', 15)
const stored = option('stored', 10 * MILLION)
const expiring = option('expiring', 5 * MILLION)

const [busy = 0] = loadavg()
const scratch = mkdtempSync(join(process.env.GREYCTL_BENCH_HOME ?? tmpdir(), 'greyctl-bench-'))
chmodSync(scratch, 0o755)
const program = compile(scratch)
const generator = compileLoad(scratch)
const run = promisify(execFile)

async function load(server, kind, first, count = 0, time = seconds) {
  const argv = [server.port, CONNECTIONS, time, kind, first, count, ...(server.named ? ['named'] : [])].map(
    String,
  )
  return JSON.parse((await run(generator, argv)).stdout)
}

/** First tries are deferred, retries pass, and what is known passes: anything else is no result. */
async function checked(server, action, ...what) {
  const result = await load(server, ...what)
  const others = Object.keys(result.actions).filter((name) => !action.includes(name.toUpperCase()))
  if (others.length > 0) throw new Error(`${server.name}: ${JSON.stringify(result.actions)} for ${what}`)
  return result
}

const askNew = (server, round) => checked(server, ['DEFER_IF_PERMIT'], 'new', (round + 20) * MILLION)
/** sqlgrey adds a header to everything that it passes. */
const passing = ({ name }) => (name === 'sqlgrey' ? ['PREPEND'] : ['DUNNO'])
const askKnown = (server, count = KNOWN) => checked(server, passing(server), 'known', 0, count)

/** The run with the median rate: other work on the machine disturbs some of them. */
function median(runs) {
  return runs.toSorted((one, other) => one.rate - other.rate)[Math.floor(runs.length / 2)]
}

/** In turns, so that whatever else the machine does disturbs all alike. */
async function inTurns(servers, known) {
  const results = new Map(servers.map(({ name }) => [name, { fresh: [], known: [] }]))
  for (let round = 0; round < rounds; round += 1) {
    for (const server of servers) {
      const result = results.get(server.name)
      if (!server.echo) {
        result.fresh.push(await askNew(server, round))
        // what new triplets leave to be done in the background is not what known ones cost
        await sleep(SETTLE)
      }
      result.known.push(await askKnown(server, server.known ?? known))
    }
  }
  for (const result of results.values()) {
    result.fresh = median(result.fresh)
    result.known = median(result.known)
  }
  for (const server of servers)
    await addProcessorTime(results.get(server.name), server, server.known ?? known)
  return results
}

/** Seconds after which what was learned has moved to the store. */
const SETTLED = 1.5

/**
 * What a request takes of the processor, in µs: with the work that goes on behind the answers, and on a machine with other
 * work nearly the same as on a quiet one.
 */
async function addProcessorTime({ fresh, known }, server, count) {
  const time = Math.min(3, seconds * 4)
  const measured = async (action, ...what) => {
    const before = processorSeconds(server.pid)
    const { answered } = await checked(server, action, ...what)
    await sleep(SETTLED * 1000)
    return ((processorSeconds(server.pid) - before) / answered) * 1e6
  }
  if (fresh) fresh.cpu = await measured(['DEFER_IF_PERMIT'], 'new', (rounds + 20) * MILLION, 0, time)
  known.cpu = await measured(passing(server), 'known', 0, count ?? KNOWN, time)
}

async function stopAll(servers) {
  await Promise.all(servers.map((server) => server.stop()))
}

async function peers() {
  const servers = [
    await startGreyctl('greyctl', program, scratch, join(scratch, 'strict')),
    await startGreyctl('greyctl, relaxed', program, scratch, join(scratch, 'relaxed'), [
      '--durability=relaxed',
    ]),
    await startPostgrey(scratch),
    await startSqlgrey(scratch),
  ].filter(Boolean)
  for (const name of ['postgrey', 'sqlgrey']) {
    if (!servers.some((server) => server.name === name))
      console.log(`${name} cannot be installed here: left out`)
  }
  try {
    for (const server of servers) {
      await checked(server, ['DEFER_IF_PERMIT'], 'once', 0, KNOWN)
      await sleep(1100)
      await checked(server, ['PREPEND', 'DUNNO'], 'once', 0, KNOWN)
    }
    servers.push({ ...(await startEcho()), echo: true })
    return await inTurns(servers)
  } finally {
    await stopAll(servers)
  }
}

/** What it costs to know a client by its organisation, and to be watched: clients have verified names here. */
async function identities() {
  // no resolver at that port: senders' SPF records are not to be had
  const pool = ['--identity=pool', '--resolver=127.0.0.1:9']
  const options = {
    subnet: [],
    pool,
    'pool, metrics': [...pool, `--metrics=inet:127.0.0.1:${await freePort()}`],
  }
  const servers = []
  for (const [name, more] of Object.entries(options)) {
    const server = await startGreyctl(name, program, scratch, join(scratch, `as ${name}`), more)
    servers.push({ ...server, named: true })
  }
  try {
    for (const server of servers) {
      await checked(server, ['DEFER_IF_PERMIT'], 'once', 0, KNOWN)
      await sleep(1100)
      await checked(server, ['PREPEND', 'DUNNO'], 'once', 0, KNOWN)
    }
    return await inTurns(servers)
  } finally {
    await stopAll(servers)
  }
}

async function fill(directory, count, age = AGE) {
  console.log(`filling a store with ${count} triplets …`)
  await run(
    process.execPath,
    [join(import.meta.dirname, 'fill.mjs'), program, directory, count, age].map(String),
  )
}

async function manyStored() {
  const names = ['few', 'many']
  const counts = [10_000, stored]
  const servers = []
  for (const [index, name] of names.entries()) {
    const directory = join(scratch, name)
    await fill(directory, counts[index])
    const server = await startGreyctl(name, program, scratch, directory)
    // scattered over all that it holds, and more than its daemon keeps in memory
    servers.push({ ...server, known: Math.min(counts[index], 200_000) })
  }
  try {
    return await inTurns(servers)
  } finally {
    await stopAll(servers)
    for (const name of names) rmSync(join(scratch, name), { recursive: true })
  }
}

/** MiB with a million triplets, after a good part of them were asked for and new ones came. */
async function memory() {
  const directory = join(scratch, 'million')
  await fill(directory, MILLION)
  const server = await startGreyctl('greyctl', program, scratch, directory)
  try {
    await checked(server, ['DUNNO'], 'once', 0, MILLION / 5)
    await askNew(server, 0)
    return privateMemory(server.pid)
  } finally {
    await server.stop()
  }
}

/** Cleaning while known triplets are asked for: milliseconds. */
async function expiry() {
  const directory = join(scratch, 'expiring')
  await fill(directory, expiring, MONTHS)
  const argv = [join(import.meta.dirname, 'expiry.mjs'), program, directory]
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: unitEnvironment(),
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => JSON.parse((await lines.next()).value)
  try {
    const { port } = await next()
    let begun = 0
    let ended = false
    const cleaned = next()
      .then(({ before }) => {
        begun = performance.now()
        return before
      })
      .then(async (before) => ({ before, ...(await next()) }))
      .finally(() => {
        ended = true
      })
    let slowest = 0
    for (let round = 0; !ended; round += 1) {
      const server = { name: 'cleaning', port }
      const { max } = await checked(server, ['DEFER_IF_PERMIT'], 'new', (50 + round) * MILLION, 0, 1)
      if (begun > 0 && !ended) slowest = Math.max(slowest, max)
    }
    const { before, pause, text } = await cleaned
    if (!text.includes(String(expiring))) throw new Error(text)
    return { before, pause, slowest, took: (performance.now() - begun) / 1000 }
  } finally {
    child.kill('SIGTERM')
    rmSync(directory, { recursive: true })
  }
}

function machine() {
  const filesystem = spawnSync('stat', ['-f', '-c', '%T', scratch], {
    encoding: 'utf8',
  }).stdout.trim()
  const [cpu] = cpus()
  const name = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`
  return `${name}, Node ${process.version}, stores on ${filesystem}, load average before it ${busy.toFixed(1)}`
}

try {
  const only = /--only=(\w+)/.exec(process.argv.join(' '))?.[1]
  const steps = { peers, identities, manyStored, memory, expiry }
  const results = {}
  for (const [name, step] of Object.entries(steps)) {
    if (only !== undefined && only !== name) continue
    console.log(`${name} …`)
    results[name] = await step()
  }
  if (only !== undefined) {
    console.dir(results, { depth: 5 })
  } else {
    const text = page({
      ...results,
      machine: machine(),
      seconds,
      rounds,
      stored,
      expiring,
      connections: CONNECTIONS,
    })
    console.log(text)
    const path = new URL('../docs/benchmarks.md', import.meta.url)
    if (process.argv.includes('--write')) {
      // the simulator's section is another script's
      const kept = sectionOf(readFileSync(path, 'utf8'), GOOD_MAIL)
      writeFileSync(path, withSection(text, GOOD_MAIL, kept))
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

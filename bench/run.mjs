/**
 * npm run bench [-- --write] [-- --seconds=3]: this daemon and, where it is installed, Debian's postgrey under the same
 * load in one run, in turns. --write puts the table into docs/benchmarks.md.
 */
import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { compile, memoryOf, POSTGREY, startGreyctl, startPostgrey } from './servers.mjs'

const CONNECTIONS = 20
const KNOWN = 5000
const ROUNDS = 5
const MILLION = 1_000_000
const seconds = Number(/--seconds=(\d+)/.exec(process.argv.join(' '))?.[1] ?? 3)
const LOAD = new URL('load.mjs', import.meta.url).pathname

async function load(port, kind, first, count = 0, time = seconds) {
  const argv = [LOAD, port, CONNECTIONS, time, kind, first, count].map(String)
  const { stdout } = await promisify(execFile)(process.execPath, argv)
  return JSON.parse(stdout)
}

/** First tries are deferred, retries pass once with a header, everything after is known: anything else is no result. */
function assertOnly(result, action) {
  const others = Object.keys(result.actions).filter((name) => name !== action)
  if (others.length > 0) throw new Error(`expected ${action} only, got ${JSON.stringify(result.actions)}`)
}

/** The run with the median rate: other work on the machine disturbs some of them. */
function median(runs) {
  return runs.toSorted((one, other) => one.rate - other.rate)[Math.floor(runs.length / 2)]
}

/** In turns, so that whatever else the machine does disturbs both alike. */
async function measure(servers) {
  const results = servers.map((server) => ({ idle: memoryOf(server.pid), fresh: [], known: [] }))
  for (const server of servers) {
    await load(server.port, 'once', 0, KNOWN)
    await sleep(2000)
    assertOnly(await load(server.port, 'once', 0, KNOWN), 'PREPEND')
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [which, server] of servers.entries()) {
      const fresh = await load(server.port, 'new', (round + 1) * 1_000_000)
      assertOnly(fresh, 'DEFER_IF_PERMIT')
      const known = await load(server.port, 'known', 0, KNOWN)
      assertOnly(known, 'DUNNO')
      results[which].fresh.push(fresh)
      results[which].known.push(known)
    }
  }
  return results.map(({ idle, fresh, known }) => ({ idle, fresh: median(fresh), known: median(known) }))
}

async function fill(program, directory) {
  const { LmdbStore } = await import(join(program, 'dist/store/lmdb.js'))
  const { tripletKey } = await import(join(program, 'dist/greylist/key.js'))
  const { mkdirSync } = await import('node:fs')
  mkdirSync(directory)
  const store = new LmdbStore(directory)
  const now = Math.floor(Date.now() / 1000)
  const entry = (index) => [
    tripletKey({
      network: `10.${(index >> 16) & 255}.${(index >> 8) & 255}.0`,
      sender: `user${String.fromCharCode(97 + (index % 26))}x${index}y@sender.example.org`,
      recipient: `recipient${index % 1000}@example.com`,
    }),
    { first: now - 100, last: now, count: 1 },
  ]
  for (let start = 0; start < MILLION; start += 10_000) {
    store.putMany(Array.from({ length: 10_000 }, (_, index) => entry(start + index)))
  }
  const { bytes } = store.stats()
  await store.close()
  return bytes
}

async function measureMillion(program, scratch) {
  const directory = join(scratch, 'million')
  const bytes = await fill(program, directory)
  const server = await startGreyctl(program, scratch, directory)
  try {
    const known = await load(server.port, 'once', 0, MILLION / 5)
    assertOnly(known, 'DUNNO')
    const wide = await load(server.port, 'new', MILLION)
    assertOnly(wide, 'DEFER_IF_PERMIT')
    return { bytes, known, wide, memory: memoryOf(server.pid) }
  } finally {
    await server.stop()
  }
}

const round = (value) => Math.round(value).toLocaleString('en')
const ms = (value) => value.toFixed(2)

function table(ours, theirs) {
  const row = (name, { fresh, known, idle }) =>
    `| ${name} | ${round(fresh.rate)} | ${ms(fresh.p50)} / ${ms(fresh.p99)} | ${round(known.rate)} | ${ms(known.p50)} / ${ms(known.p99)} | ${round(idle.rss)} |`
  const lines = [
    '| server | new triplets/s | p50 / p99 ms | known triplets/s | p50 / p99 ms | idle RSS, MiB |',
    '| --- | --- | --- | --- | --- | --- |',
    row('greyctl daemon', ours),
  ]
  if (theirs) {
    lines.push(row('postgrey', theirs))
    const ratio = (kind) => (ours[kind].rate / theirs[kind].rate).toFixed(1)
    lines.push(`| **ratio** | **${ratio('fresh')}** | | **${ratio('known')}** | | |`)
  }
  return lines.join('\n')
}

function millionText({ bytes, known, wide, memory }) {
  return `With a million triplets in its store (${round(bytes / 1048576)} MiB on disk), after 200,000 of them were asked for and new ones
written: ${round(memory.own)} MiB of its own memory and ${round(memory.mapped)} MiB of mapped files, which the system may take back;
${round(known.rate)} known and ${round(wide.rate)} new triplets a second.`
}

function machine(scratch) {
  const filesystem = spawnSync('stat', ['-f', '-c', '%T', scratch], { encoding: 'utf8' }).stdout.trim()
  const [cpu] = cpus()
  return `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, Node ${process.version}, store on ${filesystem}`
}

const PAGE = (date, text) => `# Benchmarks

Written by \`npm run bench -- --write\`. ${CONNECTIONS} connections, one request in flight on each, from a process of its own;
the median of ${ROUNDS} rounds of ${seconds} seconds, the servers in turns under the same load. Every answer is checked. A new
triplet is committed and flushed to disk before its answer leaves, in both. On a shared machine trust the ratios, not
the figures.

${date}

${text}

What makes the difference: all requests of one event-loop turn share one transaction, hence one flush; a known triplet
is written at most once an hour; log lines are written every 50 ms.
`

const scratch = mkdtempSync(join(tmpdir(), 'greyctl-bench-'))
chmodSync(scratch, 0o755)
try {
  const program = compile(scratch)
  const servers = [await startGreyctl(program, scratch, join(scratch, 'store'))]
  if (existsSync(POSTGREY)) servers.push(await startPostgrey(scratch))
  else console.log('postgrey is not installed: measured alone')
  console.log(`${ROUNDS} rounds, ${seconds} seconds a figure …`)
  const [ours, theirs] = await measure(servers).finally(() =>
    Promise.all(servers.map((server) => server.stop())),
  )
  console.log('a million triplets …')
  const million = await measureMillion(program, scratch)
  const text = `${table(ours, theirs)}\n\n${millionText(million)}`
  console.log(`\n${machine(scratch)}\n\n${text}`)
  if (process.argv.includes('--write')) {
    const date = `${new Date().toISOString().slice(0, 10)}: ${machine(scratch)}.`
    writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), PAGE(date, text))
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

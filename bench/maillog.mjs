/**
 * npm run bench:maillog [-- --write] [-- --lines=3000000]: how fast `greyctl verify` and `greyctl report` read a mail log, beside pflogsumm
 * (Debian's package) and grep over the same file in the same run, in turns. --write puts it into
 * docs/benchmarks-maillog.md. --large=GB makes a log of that size on the disk instead (below TMPDIR), and --endless=GB pipes
 * one in which nothing ever comes back: they tell the peak of memory.
 */
import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectedOf, mailLines } from './mail-log.mjs'

const option = (name, otherwise) =>
  Number(new RegExp(`--${name}=([\\d.]+)`).exec(process.argv.join(' '))?.[1] ?? otherwise)
const LINES = option('lines', 3_000_000)
const ROUNDS = option('rounds', 3)
/** What was asked for: times pflogsumm's speed, and MiB whatever the size. */
const FASTER = 8
const PEAK = 200
const PROGRAM = join(import.meta.dirname, '../bin/run.js')
const PAGE = new URL('../docs/benchmarks-maillog.md', import.meta.url)

const scratch = mkdtempSync(join(tmpdir(), 'greyctl-bench-maillog-'))

/** Until there are so many lines, or bytes. */
function writeLog(path, most, bytes = Number.POSITIVE_INFINITY) {
  const file = openSync(path, 'w')
  let lines = 0
  let text = ''
  let mails = 0
  let written = 0
  while (lines < most && written < bytes) {
    const more = mailLines(mails)
    mails += 1
    lines += more.length
    text += `${more.join('\n')}\n`
    if (text.length > 1 << 20) {
      written += writeSync(file, text)
      text = ''
    }
  }
  writeSync(file, text)
  closeSync(file)
  return { lines, mails }
}

/** Wall and processor seconds, and the peak of memory (MiB), as time(1) tells it. */
function run(argv) {
  const peak = join(scratch, 'peak')
  const started = process.hrtime.bigint()
  const { stdout, error, status } = spawnSync('/usr/bin/time', ['-f', '%M %U %S', '-o', peak, ...argv], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  if (error || status === 127) return undefined
  const [kilobytes, user, system] = readFileSync(peak, 'utf8')
    .trim()
    .split('\n')
    .at(-1)
    .split(' ')
    .map(Number)
  return { seconds, stdout, peak: kilobytes / 1024, cpu: user + system }
}

function median(runs) {
  return runs.toSorted((one, other) => one.seconds - other.seconds)[Math.floor(runs.length / 2)]
}

function check(stdout, mails) {
  const { verdict, counts, delay, calendar } = JSON.parse(stdout)
  const expected = expectedOf(mails)
  const found = { verdict, ...counts, median: delay.median }
  for (const [name, value] of Object.entries(expected))
    if (found[name] !== value) throw new Error(`${name} is ${found[name]}, not ${value}`)
  // report has days, too
  const byDay = calendar?.days.reduce((sum, day) => sum + day.greylisted, 0)
  if (byDay !== undefined && byDay !== expected.greylisted)
    throw new Error(`greylisted by day is ${byDay}, not ${expected.greylisted}`)
}

function measureAll(path, lines, mails) {
  const size = statSync(path).size / 1e6
  const programs = {
    'greyctl verify --json': [process.execPath, PROGRAM, 'verify', '--log', path, '--json'],
    'greyctl report --json': [process.execPath, PROGRAM, 'report', '--log', path, '--json'],
    pflogsumm: ['pflogsumm', path],
    'grep -c Greylisted': ['grep', '-c', 'Greylisted', path],
  }
  const runs = Object.fromEntries(Object.keys(programs).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round += 1)
    for (const [name, argv] of Object.entries(programs)) {
      const result = run(argv)
      if (result === undefined) continue
      if (name.startsWith('greyctl')) check(result.stdout, mails)
      runs[name].push(result)
    }
  const rows = Object.entries(runs).flatMap(([name, results]) =>
    results.length === 0 ? [] : [{ name, ...median(results) }],
  )
  const ours = rows[0]
  const table = rows.map(
    ({ name, seconds, cpu, peak }) =>
      `| ${name} | ${seconds.toFixed(2)} | ${cpu.toFixed(2)} | ${Math.round(size / seconds)} | ${Math.round(lines / seconds).toLocaleString('en')} | ${Math.round(peak)} | ${(seconds / ours.seconds).toFixed(1)} | ${(cpu / ours.cpu).toFixed(1)} |`,
  )
  return [
    `${lines.toLocaleString('en')} lines, ${Math.round(size)} MB, traditional stamps; the median of ${ROUNDS} ${ROUNDS === 1 ? 'round' : 'rounds'}, in turns.`,
    '',
    '| program | seconds | of them processor | MB/s | lines/s | peak RSS, MiB | times as long | times the processor |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...table,
    '',
    ...verdictOf(
      ours,
      rows.find(({ name }) => name === 'pflogsumm'),
    ),
  ].join('\n')
}

function verdictOf(ours, peer) {
  if (peer === undefined) return ['pflogsumm is not installed: nothing to compare with.']
  const times = peer.seconds / ours.seconds
  const reached = times >= FASTER ? 'it is reached' : 'it is not reached'
  return [
    `The bar is ${FASTER} times pflogsumm's speed; ${reached}: **${times.toFixed(1)}** by the clock, ${(peer.cpu / ours.cpu).toFixed(1)} by the processor, of which verify uses two.`,
  ]
}

function peakText(mebibytes) {
  const reached = mebibytes <= PEAK ? 'it is kept' : `it is missed by ${Math.round(mebibytes - PEAK)} MiB`
  return `The bar is ${PEAK} MiB; ${reached}.`
}

/** A log that is as large as nobody should let one grow. */
function measureLarge(gigabytes) {
  const path = join(scratch, 'mail.log')
  const { lines, mails } = writeLog(path, Number.POSITIVE_INFINITY, gigabytes * 1e9)
  const size = statSync(path).size
  const result = run([process.execPath, PROGRAM, 'verify', '--log', path, '--json'])
  check(result.stdout, mails)
  return [
    `${(size / 1e9).toFixed(1)} GB (${lines.toLocaleString('en')} lines) on the disk: ${result.seconds.toFixed(1)} s, ${Math.round(size / 1e6 / result.seconds)} MB/s, peak RSS **${Math.round(result.peak)} MiB**; every count is exact.`,
    '',
    peakText(result.peak),
  ].join('\n')
}

/** A log that is never on a disk: first mails of always other senders. */
async function measureEndless(gigabytes) {
  const peak = join(scratch, 'peak')
  const child = spawn(
    '/usr/bin/time',
    ['-f', '%M', '-o', peak, process.execPath, PROGRAM, 'verify', '--log', '-', '--json'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  const { neverBack } = await import('./mail-log.mjs')
  const started = Date.now()
  let bytes = 0
  let mails = 0
  while (bytes < gigabytes * 1e9) {
    let text = ''
    for (let count = 0; count < 2000; count += 1, mails += 1) text += neverBack(mails)
    bytes += text.length
    if (!child.stdin.write(text, 'latin1')) await new Promise((resolve) => child.stdin.once('drain', resolve))
  }
  child.stdin.end()
  await ended
  const { verdict, counts, problems, window } = JSON.parse(out)
  const seconds = (Date.now() - started) / 1000
  const size = Math.round(Number(readFileSync(peak, 'utf8').trim().split('\n').at(-1)) / 1024)
  if (counts.greylisted !== mails) throw new Error(`greylisted is ${counts.greylisted}, not ${mails}`)
  return [
    `${(bytes / 1e9).toFixed(1)} GB through a pipe (${window.lines.toLocaleString('en')} lines), ${mails.toLocaleString('en')} first mails of which none came back:`,
    `peak RSS **${size} MiB**, ${Math.round(seconds)} s with their making; verdict ${verdict}, greylisted ${counts.greylisted.toLocaleString('en')} (exact).`,
    ...problems.filter(({ id }) => id === 'too-many-triplets').map(({ detail }) => `It says: ${detail}.`),
    '',
    peakText(size),
  ].join('\n')
}

/** Replaces one section of the page. */
function writeSection(title, text) {
  const [cpu] = cpus()
  const machine = `${new Date().toISOString().slice(0, 10)}: ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, Node ${process.version}.`
  const page = readFileSync(PAGE, 'utf8')
  const start = page.indexOf(`## ${title}\n`)
  const next = page.indexOf('\n## ', start + 1)
  const section = `## ${title}\n\n${machine}\n\n${text}\n`
  const before = start === -1 ? `${page.trimEnd()}\n\n` : page.slice(0, start)
  writeFileSync(PAGE, before + section + (start === -1 || next === -1 ? '' : page.slice(next)))
}

async function measure() {
  const endless = option('endless', 0)
  if (endless) return ['A log without end', await measureEndless(endless)]
  const large = option('large', 0)
  if (large) return ['A large log', measureLarge(large)]
  const path = join(scratch, 'mail.log')
  const { lines, mails } = writeLog(path, LINES)
  return ['Speed', measureAll(path, lines, mails)]
}

try {
  const [title, text] = await measure()
  console.log(text)
  if (process.argv.includes('--write')) writeSection(title, text)
} finally {
  rmSync(scratch, { recursive: true })
}

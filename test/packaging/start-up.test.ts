import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const HOOK = pathToFileURL(join(import.meta.dirname, 'loaded.mjs')).href

interface Weight {
  readonly files: readonly string[]
  /** Of all files together; the bundle of a checkout is not minified. */
  readonly bytes: number
}

interface Loaded extends Weight {
  readonly beforeListening: Weight
  readonly stdout: string
}

let scratch: string
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'greyctl-start-'))
})
afterEach(() => rm(scratch, { recursive: true }))

/** Runs the built program until it ends or says `until` on stderr, and tells which modules it loaded. */
async function load(argv: readonly string[], until?: string): Promise<Loaded> {
  const list = join(scratch, 'loaded')
  const child = spawn(process.execPath, ['--import', HOOK, ...argv], {
    cwd: ROOT,
    // under test, oclif would load the compiler
    env: { ...process.env, NODE_ENV: 'production', LOADED: list },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (until !== undefined && stderr.includes(until)) child.kill('SIGTERM')
  })
  const [code] = await ended
  expect(code, stderr).toBe(0)
  const lines = [...new Set((await readFile(list, 'utf8')).split('\n').filter(Boolean))]
  const [before, all] = [lines.slice(0, Math.max(0, lines.indexOf('listening'))), lines]
  return { ...(await weigh(all)), beforeListening: await weigh(before), stdout }
}

async function weigh(lines: readonly string[]) {
  const files = lines
    .filter((line) => line.startsWith('file:') && line !== HOOK)
    .map((url) => fileURLToPath(url))
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
  return { files, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

/** What a start reads is what it costs: counted here, since a time would tell how busy the machine is. */
describe('starting', () => {
  it('the version is told from package.json alone', async () => {
    const { files, stdout } = await load(['bin/run.js', '--version'])
    expect(files.map((file) => basename(file))).toEqual(['run.js'])
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
    expect(stdout).toBe(`greyctl/${version} ${process.platform}-${process.arch} node-${process.version}\n`)
  })

  it('help reads oclif and no command', async () => {
    const { files, bytes } = await load(['bin/run.js', '--help'])
    expect(files.filter((file) => /commands|lmdb|execa|inquirer/.test(file))).toEqual([])
    expect(files.length).toBeLessThanOrEqual(8)
    expect(bytes).toBeLessThan(1_200_000)
  })

  it('a command reads itself and what it needs, and nothing of the others', async () => {
    const { files, bytes } = await load(['bin/run.js', 'classify', 'mx.example.com'])
    expect(files.filter((file) => file.includes('/commands/')).map((file) => basename(file))).toEqual([
      'classify.js',
    ])
    expect(files.length).toBeLessThanOrEqual(24)
    expect(bytes).toBeLessThan(1_900_000)
  })

  it('the daemon reads neither oclif nor anything that asks or paints', async () => {
    const options = [
      `--unix=${join(scratch, 'socket')}`,
      `--dbdir=${join(scratch, 'store')}`,
      '--config=/dev/null',
    ]
    const { files, bytes, beforeListening } = await load(['dist/daemon/main.js', ...options], 'listening on')
    const scripts = files.filter((file) => file.endsWith('.js'))
    for (const file of scripts)
      expect(await readFile(file, 'utf8'), file).not.toMatch(
        /node_modules\/(?:@oclif|inquirer|chalk|execa|iovalkey)\//,
      )
    expect(scripts.length).toBeLessThanOrEqual(8)
    // the thread that writes the store reads its own file, on another core, and nobody waits for it
    const aside = files.filter((file) => file.endsWith('.node') || basename(file) === 'lmdb-worker.js')
    expect(aside.map((file) => basename(file))).toContain('lmdb-worker.js')
    expect(bytes - (await weigh(aside.map(urlOf))).bytes).toBeLessThan(800_000)
    // the store and the list of public suffixes, two thirds of it all, come when connections can wait already
    for (const file of beforeListening.files)
      expect(await readFile(file, 'utf8'), file).not.toMatch(/node_modules\/(?:lmdb|tldts|msgpackr)\//)
    expect(beforeListening.files.length).toBeLessThanOrEqual(4)
    expect(beforeListening.bytes).toBeGreaterThan(100_000)
    expect(beforeListening.bytes).toBeLessThan(260_000)
  })

  it('the thread that scans a long log lies beside the files that start it', async () => {
    const dist = join(ROOT, 'dist')
    const files = (await readdir(dist, { recursive: true })).filter((name) => name.endsWith('.js'))
    const starters: string[] = []
    for (const name of files)
      if (/scan-worker\.js['"], import\.meta\.url/.test(await readFile(join(dist, name), 'utf8')))
        starters.push(name)
    expect(starters).not.toEqual([])
    for (const name of starters) expect(files).toContain(join(dirname(name), 'scan-worker.js'))
  })
})

const urlOf = (file: string) => pathToFileURL(file).href

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  copyFile,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Ended, run } from './run.js'

const LAUNCHER = join(import.meta.dirname, '../../bin/greyctl')
const NOBODY = 65_534
const isRoot = process.getuid?.() === 0
const made: string[] = []

afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true })
})

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'greyctl launcher-'))
  made.push(directory)
  await chmod(directory, 0o755)
  return directory
}

/** A source checkout like the real one, with one dependency that needs no network, and a build that can be seen. */
async function checkout(dependency: 'local' | 'unreachable' = 'local'): Promise<string> {
  const root = join(await scratch(), 'check out')
  for (const directory of ['bin', 'src', 'scripts', 'tiny'])
    await mkdir(join(root, directory), { recursive: true })
  await copyFile(LAUNCHER, join(root, 'bin/greyctl'))
  const write = (path: string, content: unknown) =>
    writeFile(join(root, path), typeof content === 'string' ? content : JSON.stringify(content))
  const dependencies = { tiny: dependency === 'local' ? 'file:tiny' : '1.0.0' }
  const scripts = { build: 'node scripts/build.mjs' }
  const manifest = { name: 'greyctl', version: '0.0.0', type: 'module', scripts, dependencies }
  await write('package.json', manifest)
  await write('tiny/package.json', { name: 'tiny', version: '1.0.0', type: 'module', exports: './index.js' })
  await write('tiny/index.js', 'export const tiny = "tiny"\n')
  await write('src/main.js', 'import { tiny } from "tiny"\nexport const words = () => [tiny]\n')
  await write('tsconfig.json', {})
  await write('scripts/build.mjs', BUILD)
  await write('bin/run.js', RUN)
  await writeLock(root, dependency)
  return root
}

async function writeLock(root: string, dependency: 'local' | 'unreachable'): Promise<void> {
  const found =
    dependency === 'local'
      ? { tiny: { version: '1.0.0' }, 'node_modules/tiny': { resolved: 'tiny', link: true } }
      : { 'node_modules/tiny': { version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` } }
  const own = { name: 'greyctl', version: '0.0.0' }
  const dependencies = { tiny: dependency === 'local' ? 'file:tiny' : '1.0.0' }
  const packages = { '': { ...own, dependencies }, ...found }
  await writeFile(
    join(root, 'package-lock.json'),
    JSON.stringify({ ...own, lockfileVersion: 3, requires: true, packages }),
  )
}

const BUILD = `
import { appendFileSync, cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
rmSync('dist', { recursive: true, force: true })
rmSync('oclif.manifest.json', { force: true })
appendFileSync('builds.log', 'built\\n')
console.log('words of the build')
if (existsSync('src/broken')) { console.error('src/broken: does not compile'); process.exit(1) }
if (existsSync('src/slow')) await new Promise((resolve) => setTimeout(resolve, 800))
cpSync('src', 'dist', { recursive: true })
writeFileSync('oclif.manifest.json', '{}')
`
const RUN = `
import { words } from '../dist/main.js'
console.log(JSON.stringify([...words(), ...process.argv.slice(2)]))
`

interface StartOptions {
  readonly env?: Record<string, string>
  readonly uid?: number
}

/** Never the real registry, and not the cache of whoever runs the tests. */
async function start(root: string, argv: readonly string[] = [], options: StartOptions = {}): Promise<Ended> {
  const env = { npm_config_cache: join(root, '../cache'), ...UNREACHABLE, ...options.env }
  return run(join(root, 'bin/greyctl'), argv, {
    env,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  })
}
const UNREACHABLE = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' }

async function builds(root: string): Promise<number> {
  const log = await readFile(join(root, 'builds.log'), 'utf8').catch(() => '')
  return log.split('\n').length - 1
}

const exists = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  )

async function makeNewer(path: string): Promise<void> {
  const soon = Date.now() / 1000 + 5
  await utimes(path, soon, soon)
}

describe('bin/greyctl', () => {
  it('installs and builds at first use, says so on stderr, and then starts at once', async () => {
    const root = await checkout()
    const first = await start(root, ['verify', '--log', 'a b', '*', ''])
    expect(first).toMatchObject({ code: 0, stdout: '["tiny","verify","--log","a b","*",""]\n' })
    expect(first.stderr).toContain('greyctl: first use: installing dependencies (npm ci) …')
    expect(first.stderr).toContain('greyctl: first use: building (npm run build) …')
    expect(first.stderr).toContain('words of the build')
    const second = await start(root, ['--json'])
    expect(second).toEqual({ code: 0, stdout: '["tiny","--json"]\n', stderr: '' })
    expect(await builds(root)).toBe(1)
  })

  it('finds its program through links, absolute and relative ones', async () => {
    const root = await checkout()
    const elsewhere = await scratch()
    await symlink(join(root, 'bin/greyctl'), join(elsewhere, 'absolute'))
    await symlink('absolute', join(elsewhere, 'relative'))
    const ended = await run(join(elsewhere, 'relative'), ['x'], { env: UNREACHABLE })
    expect(ended).toMatchObject({ code: 0, stdout: '["tiny","x"]\n' })
    const byPath = await run('/bin/sh', ['-c', 'cd / && exec relative y'], {
      env: { PATH: `${elsewhere}:${process.env.PATH}` },
    })
    expect(byPath).toEqual({ code: 0, stdout: '["tiny","y"]\n', stderr: '' })
  })

  it('builds again after a change in src, and installs again after a change of the lockfile', async () => {
    const root = await checkout()
    await start(root)
    await writeFile(join(root, 'src/main.js'), 'export const words = () => ["new"]\n')
    await makeNewer(join(root, 'src/main.js'))
    const rebuilt = await start(root)
    expect(rebuilt.stdout).toBe('["new"]\n')
    expect(rebuilt.stderr).not.toContain('npm ci')
    const lock = await readFile(join(root, 'package-lock.json'), 'utf8')
    const changed = lock.replace(
      '"node_modules/tiny"',
      '"node_modules/gone":{"resolved":"tiny","link":true},$&',
    )
    await writeFile(join(root, 'package-lock.json'), changed)
    await makeNewer(join(root, 'package-lock.json'))
    const reinstalled = await start(root)
    expect(reinstalled.stderr).toContain('npm ci')
    expect(await builds(root)).toBeGreaterThanOrEqual(2)
  })

  it('does not install again because a copy or a checkout changed the times', async () => {
    const root = await checkout()
    await start(root)
    await makeNewer(join(root, 'package-lock.json'))
    expect(await start(root)).toEqual({ code: 0, stdout: '["tiny"]\n', stderr: '' })
  })

  it('prepares once when several start at the same time', async () => {
    const root = await checkout()
    await writeFile(join(root, 'src/slow'), '')
    const all = await Promise.all(['a', 'b', 'c'].map((name) => start(root, [name])))
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0])
    expect(all.map(({ stdout }) => stdout)).toEqual(['["tiny","a"]\n', '["tiny","b"]\n', '["tiny","c"]\n'])
    expect(await builds(root)).toBe(1)
    expect(all.filter(({ stderr }) => stderr.includes('another greyctl prepares'))).toHaveLength(2)
  })

  it('says what happened when the dependencies cannot be had, leaves nothing half done, and recovers', async () => {
    const root = await checkout('unreachable')
    const failed = await start(root, ['install'])
    expect(failed).toMatchObject({ code: 3, stdout: '' })
    expect(failed.stderr).toContain('ECONNREFUSED')
    expect(failed.stderr).toContain('greyctl: npm ci could not install the dependencies')
    expect(failed.stderr).toContain('npm registry')
    expect(await exists(join(root, 'node_modules'))).toBe(false)
    expect(await exists(join(root, 'dist'))).toBe(false)
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    await writeFile(
      join(root, 'package.json'),
      JSON.stringify({ ...manifest, dependencies: { tiny: 'file:tiny' } }),
    )
    await writeLock(root, 'local')
    expect(await start(root)).toMatchObject({ code: 0, stdout: '["tiny"]\n' })
  })

  it('repairs a half installed node_modules', async () => {
    const root = await checkout()
    await mkdir(join(root, 'node_modules/half'), { recursive: true })
    expect(await start(root)).toMatchObject({ code: 0, stdout: '["tiny"]\n' })
    expect(await exists(join(root, 'node_modules/half'))).toBe(false)
  })

  it('goes on after a launcher that was killed while it built', async () => {
    const root = await checkout()
    await start(root)
    await writeFile(join(root, 'src/slow'), '')
    await makeNewer(join(root, 'src/slow'))
    const victim = spawn(join(root, 'bin/greyctl'), [], { detached: true, stdio: 'ignore' })
    while ((await builds(root)) < 2) await new Promise((resolve) => setTimeout(resolve, 20))
    const gone = once(victim, 'close')
    process.kill(-(victim.pid as number), 'SIGKILL')
    await gone
    expect(await exists(join(root, 'oclif.manifest.json'))).toBe(false)
    expect(await start(root)).toMatchObject({ code: 0, stdout: '["tiny"]\n' })
  })

  it('does not start a program whose build failed', async () => {
    const root = await checkout()
    await writeFile(join(root, 'src/broken'), '')
    for (let tries = 0; tries < 2; tries += 1) {
      const failed = await start(root)
      expect(failed).toMatchObject({ code: 3, stdout: '' })
      expect(failed.stderr).toContain('src/broken: does not compile')
      expect(failed.stderr).toContain('greyctl: the build failed')
    }
    await rm(join(root, 'src/broken'))
    expect(await start(root)).toMatchObject({ code: 0, stdout: '["tiny"]\n' })
  })

  it('names the Node.js that is missing or too old, as JSON where that was asked for', async () => {
    const root = await checkout()
    const tools = await scratch()
    const missing = await start(root, [], { env: { PATH: tools } })
    expect(missing.code).toBe(3)
    expect(missing.stderr).toContain('Node.js >= 20.19 is needed, and there is no node on the PATH')
    for (const [version, fine] of [
      ['v18.19.0', false],
      ['v20.18.3', false],
      ['v8.17.0', false],
      ['v20.19.0', true],
      ['v24.1.0', true],
    ] as const) {
      const script = `#!/bin/sh\n[ "$1" = -v ] && echo ${version} || echo started\n`
      await writeFile(join(tools, 'node'), script, { mode: 0o755 })
      await rm(join(root, 'src'), { recursive: true, force: true })
      const ended = await start(root, ['--json'], { env: { PATH: `${tools}:${process.env.PATH}` } })
      if (fine) expect(ended).toEqual({ code: 0, stdout: 'started\n', stderr: '' })
      else {
        expect(ended).toMatchObject({ code: 3, stderr: '' })
        expect(JSON.parse(ended.stdout)).toEqual({
          error: {
            code: 'program-missing',
            message: `Node.js >= 20.19 is needed, and ${tools}/node is ${version}`,
            hints: [expect.stringContaining('https://nodejs.org')],
          },
        })
      }
    }
  })

  it.runIf(isRoot)('works in a built checkout that it cannot write, without writing', async () => {
    const root = await checkout()
    await start(root)
    await makeNewer(join(root, 'src/main.js'))
    expect(await start(root, ['x'], { uid: NOBODY })).toEqual({
      code: 0,
      stdout: '["tiny","x"]\n',
      stderr: '',
    })
    expect(await builds(root)).toBe(1)
  })

  it.runIf(isRoot)('says so when a checkout is not built and cannot be written', async () => {
    const root = await checkout()
    const failed = await start(root, [], { uid: NOBODY })
    expect(failed).toMatchObject({ code: 3, stdout: '' })
    expect(failed.stderr).toContain('is not built yet and cannot be written')
    expect(failed.stderr).toContain('npm ci && npm run build')
  })

  it.runIf(isRoot)("leaves what it makes in somebody's checkout to its owner", async () => {
    const root = await checkout()
    await chown(root, NOBODY, NOBODY)
    expect(await start(root)).toMatchObject({ code: 0, stdout: '["tiny"]\n' })
    for (const path of ['node_modules/tiny', 'node_modules/.package-lock.json', 'dist/main.js']) {
      expect(await lstat(join(root, path))).toMatchObject({ uid: NOBODY, gid: NOBODY })
    }
  })

  it('a package, which has no src, is started as it is', async () => {
    const root = await checkout()
    await start(root)
    await rm(join(root, 'src'), { recursive: true })
    await rm(join(root, 'package-lock.json'))
    await rm(join(root, 'oclif.manifest.json'))
    expect(await start(root, ['x'])).toEqual({ code: 0, stdout: '["tiny","x"]\n', stderr: '' })
  })
})

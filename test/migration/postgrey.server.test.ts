import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { greyctl } from '../cli/run.js'
import { type Client, client, policyText } from '../daemon/running.js'
import { installPackages } from '../debian.mjs'

/** From the real postgrey to the daemon and back: nobody who has passed is deferred again. */
const PROGRAMS = { postgrey: '/usr/sbin/postgrey', 'db5.3-util': '/usr/bin/db5.3_dump' }
const DELAY = 2
const MAIN = join(import.meta.dirname, '../../dist/daemon/main.js')

function installed(): boolean {
  if (process.getuid?.() !== 0) return false
  const missing = Object.entries(PROGRAMS).filter(([, path]) => !existsSync(path))
  if (missing.length > 0) installPackages(...missing.map(([name]) => name))
  return Object.values(PROGRAMS).every((path) => existsSync(path))
}

const runnable = installed()
if (!runnable) console.log('skipped: postgrey and db5.3-util cannot be installed here (root and apt-get)')

const MAILS = [
  { client_address: '192.0.2.5', sender: 'alice@example.org', recipient: 'bob@example.com' },
  { client_address: '192.0.2.77', sender: 'Alice@Example.org', recipient: 'Carol@example.com' },
  { client_address: '198.51.100.7', sender: 'a/b@example.org', recipient: 'x/y@example.com' },
  { client_address: '198.51.100.8', sender: '', recipient: 'bob@example.com' },
  {
    client_address: '2001:db8:1:2::9',
    sender: 'bounce-17-4@lists.example.org',
    recipient: 'bob@example.com',
  },
  { client_address: '203.0.113.9', sender: 'j\u00c3\u00b6rg@example.org', recipient: 'bob@example.com' },
  {
    client_address: '203.0.113.10',
    sender: 'prvs=1234abcdef=eve@example.org',
    recipient: 'bob+x@example.com',
  },
] as const
const LATE = { client_address: '203.0.113.50', sender: 'late@example.org', recipient: 'bob@example.com' }
const STRANGER = { client_address: '203.0.113.99', sender: 'new@example.org', recipient: 'bob@example.com' }

describe.runIf(runnable)('from postgrey and back', () => {
  let base: string
  let lists: string[]
  const children: ChildProcess[] = []

  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-migration-'))
    spawnSync('chmod', ['755', base])
    writeFileSync(join(base, 'none'), '')
    lists = [`--whitelist-clients=${join(base, 'none')}`, `--whitelist-recipients=${join(base, 'none')}`]
  })
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(base, { recursive: true, force: true })
  })

  async function start(argv: readonly string[]): Promise<{ asked: Client; stop(): Promise<void> }> {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    await new Promise((resolve) => server.close(resolve))
    const [program = '', ...rest] = argv
    const child = spawn(program, [...rest, `--inet=127.0.0.1:${port}`, `--delay=${DELAY}`, ...lists])
    children.push(child)
    for (let attempt = 0; ; attempt += 1) {
      try {
        const asked = await client(port)
        const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
        const stop = () => {
          child.kill('SIGTERM')
          // postgrey acts on a signal when a connection moves
          asked.socket.destroy()
          return ended
        }
        return { asked, stop }
      } catch (error) {
        if (attempt > 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }

  const startPostgrey = (directory: string, ...more: string[]) => {
    if (!existsSync(directory)) {
      mkdirSync(directory)
      const id = (flag: string) => Number(spawnSync('id', [flag, 'postgrey'], { encoding: 'utf8' }).stdout)
      chownSync(directory, id('-u'), id('-g'))
    }
    return start([PROGRAMS.postgrey, `--dbdir=${directory}`, ...more])
  }
  const startOurs = (store: string) => start([process.execPath, MAIN, `--dbdir=${store}`])

  async function ask(
    { asked }: { asked: Client },
    mails: readonly Record<string, string>[],
  ): Promise<string[]> {
    const kinds: string[] = []
    for (const mail of mails) {
      asked.send(policyText({ client_name: 'unknown', ...mail }))
      kinds.push(/^(?:DUNNO|PREPEND)/.test((await asked.answers(1))[0] ?? '') ? 'pass' : 'defer')
    }
    return kinds
  }
  const passed = (count: number) => Array.from({ length: count }, () => 'pass')
  const deferred = (count: number) => Array.from({ length: count }, () => 'defer')

  async function runOk(...argv: string[]) {
    const ran = await greyctl([...argv, '--json'])
    expect(ran.code, ran.stderr + ran.stdout).toBe(0)
    return JSON.parse(ran.stdout)
  }

  it('while both run: what has passed there passes here at once, what waits goes on waiting', async () => {
    const [theirs, store] = [join(base, 'postgrey'), join(base, 'store')]
    const postgrey = await startPostgrey(theirs)
    expect(await ask(postgrey, MAILS)).toEqual(deferred(MAILS.length))
    await new Promise((resolve) => setTimeout(resolve, DELAY * 1000 + 1000))
    expect(await ask(postgrey, MAILS)).toEqual(passed(MAILS.length))
    const ours = await startOurs(store)
    expect(await ask(postgrey, [LATE])).toEqual(['defer'])

    const from = ['store', 'import', '--from', 'postgrey', '--dbdir', theirs, '--store', `lmdb:${store}`]
    const result = await runOk(...from, '--postgrey-delay', String(DELAY))
    expect(result).toMatchObject({
      read: 2 * MAILS.length + 1,
      added: 2 * MAILS.length + 1,
      unreadable: 0,
      notes: [],
    })
    expect(result.entriesAfter - result.entriesBefore).toBe(2 * MAILS.length + 1)
    expect(await ask(ours, MAILS)).toEqual(passed(MAILS.length))
    expect(await ask(ours, [STRANGER])).toEqual(['defer'])
    await new Promise((resolve) => setTimeout(resolve, DELAY * 1000))
    // its first try was there
    expect(await ask(ours, [LATE])).toEqual(['pass'])
    expect(await runOk(...from, '--postgrey-delay', String(DELAY))).toMatchObject({ added: 0 })

    // postgrey has lost nothing, and goes on
    expect(await ask(postgrey, MAILS)).toEqual(passed(MAILS.length))
    const owner = statSync(theirs).uid
    for (const name of readdirSync(theirs)) expect(statSync(join(theirs, name)).uid, name).toBe(owner)
    for (const name of readdirSync(store))
      expect(statSync(join(store, name)).uid, name).toBe(statSync(store).uid)

    const to = ['store', 'export', '--to', 'postgrey', '--output', theirs, '--store', `lmdb:${store}`]
    const running = await greyctl([...to, '--json'])
    expect(JSON.parse(running.stdout)).toMatchObject({ error: { code: 'store-failed' } })
    await Promise.all([postgrey.stop(), ours.stop()])
    expect(await runOk(...to)).toMatchObject({ leftOut: 0 })
    const again = await startPostgrey(theirs)
    expect(await ask(again, [...MAILS, LATE])).toEqual(passed(MAILS.length + 1))
    expect(await ask(again, [{ ...STRANGER, sender: 'other@example.org' }])).toEqual(['defer'])
    await again.stop()
  })

  it('hashes (--privacy) are counted and explained, single addresses (--lookup-by-host) become networks', async () => {
    const store = join(base, 'store-2')
    const ours = await startOurs(store)
    const into = ['--store', `lmdb:${store}`, '--postgrey-delay', String(DELAY)]
    const [hashed, single] = [join(base, 'hashed'), join(base, 'single')]
    const privacy = await startPostgrey(hashed, '--privacy')
    const byHost = await startPostgrey(single, '--lookup-by-host')
    await ask(privacy, MAILS)
    await ask(byHost, MAILS)
    await new Promise((resolve) => setTimeout(resolve, DELAY * 1000 + 1000))
    await ask(byHost, MAILS)
    await Promise.all([privacy.stop(), byHost.stop()])

    const none = await runOk('store', 'import', '--from', 'postgrey', '--dbdir', hashed, ...into)
    expect(none).toMatchObject({ added: 0, unreadable: MAILS.length })
    expect(none.notes[0]).toContain('--privacy')
    const some = await runOk('store', 'import', '--from', 'postgrey', '--dbdir', single, ...into)
    expect(some.notes[0]).toContain('--lookup-by-host')
    expect(await ask(ours, MAILS)).toEqual(passed(MAILS.length))
    await ours.stop()
  })
})

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { greyctl } from '../cli/run.js'
import { type Client, client, policyText } from '../daemon/running.js'
import { installPackages } from '../debian.mjs'

/** The real sqlgrey with its SQLite file; its clock goes by whole minutes, so its first tries are made older by hand. */
const PROGRAMS = { sqlgrey: '/usr/sbin/sqlgrey', sqlite3: '/usr/bin/sqlite3' }

function installed(): boolean {
  if (process.getuid?.() !== 0) return false
  if (!Object.values(PROGRAMS).every((path) => existsSync(path))) {
    installPackages(...Object.keys(PROGRAMS))
  }
  return Object.values(PROGRAMS).every((path) => existsSync(path))
}

const runnable = installed()
if (!runnable) console.log('skipped: sqlgrey and sqlite3 cannot be installed here (root and apt-get)')

const MAILS = [
  {
    client_address: '192.0.2.5',
    client_name: 'mail.example.org',
    sender: 'alice@example.org',
    recipient: 'bob@example.com',
  },
  {
    client_address: '198.51.100.7',
    client_name: 'unknown',
    sender: 'bounce-17-4@lists.example.net',
    recipient: 'bob@example.com',
  },
  { client_address: '198.51.100.8', client_name: 'unknown', sender: '', recipient: 'bob@example.com' },
] as const
const LATE = {
  client_address: '203.0.113.50',
  client_name: 'unknown',
  sender: 'late-5@example.org',
  recipient: 'bob@example.com',
}

describe.runIf(runnable)('from sqlgrey', () => {
  let base: string
  let port: number
  const children: ChildProcess[] = []

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-sqlgrey-'))
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    port = (server.address() as { port: number }).port
    await new Promise((resolve) => server.close(resolve))
    spawnSync('chmod', ['755', base])
    const directory = join(base, 'db')
    mkdirSync(directory)
    const id = (flag: string) => Number(spawnSync('id', [flag, 'sqlgrey'], { encoding: 'utf8' }).stdout)
    chownSync(directory, id('-u'), id('-g'))
    writeFileSync(
      join(base, 'conf'),
      `user = sqlgrey\ngroup = sqlgrey\nconfdir = /etc/sqlgrey\ninet = 127.0.0.1:${port}\ndb_type = SQLite\n` +
        `db_name = ${directory}/sqlgrey.db\nreconnect_delay = 1\nwhitelists_host = localhost.invalid\nadmin_mail =\n`,
    )
    writeFileSync(join(base, 'none'), '')
  })
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(base, { recursive: true, force: true })
  })

  async function connected(to: number): Promise<Client> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await client(to)
      } catch (error) {
        if (attempt > 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }

  async function ask(asked: Client, mails: readonly Record<string, string>[]): Promise<string[]> {
    const kinds: string[] = []
    for (const mail of mails) {
      asked.send(policyText(mail))
      kinds.push(/^(?:DUNNO|PREPEND)/i.test((await asked.answers(1))[0] ?? '') ? 'pass' : 'defer')
    }
    return kinds
  }

  it('whom it let through is let through, also from a dump as text; what waits goes on waiting', async () => {
    const sqlgrey = spawn(PROGRAMS.sqlgrey, ['-f', join(base, 'conf')], { stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(sqlgrey)
    let said = ''
    for (const stream of [sqlgrey.stdout, sqlgrey.stderr])
      stream.on('data', (data) => {
        said += data
      })
    const theirs = await connected(port)
    expect(await ask(theirs, MAILS)).toEqual(['defer', 'defer', 'defer'])
    const file = join(base, 'db/sqlgrey.db')
    const sql = (text: string) => spawnSync(PROGRAMS.sqlite3, [file, text], { encoding: 'utf8' })
    expect(sql('UPDATE connect SET first_seen = first_seen - 300').stderr).toBe('')
    expect(await ask(theirs, MAILS)).toEqual(['pass', 'pass', 'pass'])
    expect(await ask(theirs, [LATE])).toEqual(['defer'])
    expect(sql('UPDATE connect SET first_seen = first_seen - 120').stderr).toBe('')

    // its own words, without a syslog around them, are what greyctl verify reads
    const log = join(base, 'sqlgrey.log')
    writeFileSync(log, said)
    const { counts, delay } = JSON.parse((await greyctl(['verify', '--log', log, '--json'])).stdout)
    const waits = [...said.matchAll(/^grey: reconnect ok: .* \((\d+)\)$/gm)].map((match) => Number(match[1]))
    expect([counts.greylisted, counts.passed, delay.max]).toEqual([4, 3, Math.max(...waits)])

    const dump = join(base, 'dump.sql')
    writeFileSync(dump, sql('.dump').stdout)
    for (const from of [file, dump]) {
      const store = join(base, `store-${from === file}`)
      const argv = ['dist/daemon/main.js', '--inet=0', '--delay=60', `--dbdir=${store}`]
      const lists = ['clients', 'recipients'].map((kind) => `--whitelist-${kind}=${join(base, 'none')}`)
      const daemon = spawn(process.execPath, [...argv, ...lists], { stdio: ['ignore', 'ignore', 'pipe'] })
      children.push(daemon)
      const line = await new Promise<string>((resolve) =>
        daemon.stderr.once('data', (data) => resolve(`${data}`)),
      )
      const ours = await connected(Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]))
      const command = ['store', 'import', '--from', 'sqlgrey', '--dbdir', from, '--store', `lmdb:${store}`]
      const ran = await greyctl([...command, '--json'])
      expect(ran.code, ran.stderr + ran.stdout).toBe(0)
      expect(JSON.parse(ran.stdout)).toMatchObject({ unreadable: 0, expired: 0, entriesBefore: 0 })
      expect(await ask(ours, MAILS)).toEqual(['pass', 'pass', 'pass'])
      expect(await ask(ours, [LATE])).toEqual(['pass'])
      expect(await ask(ours, [{ ...LATE, sender: 'stranger@example.org' }])).toEqual(['defer'])
    }
  })
})

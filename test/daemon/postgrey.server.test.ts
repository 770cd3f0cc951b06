import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, client, policyText, type Running, startTestDaemon } from './running.js'

/**
 * The same requests, at the same simulated times, to the real postgrey and to this daemon: the same answers and the
 * same log lines. Left out of the generated requests is where docs/postgrey.md says that they differ.
 */
const POSTGREY = '/usr/sbin/postgrey'
const TEXT = 'Greylisted, %s seconds left for %r'
const START = 1_700_000_000
const CLIENTS =
  'listed.example.net\n198.51.100.64/26 # a network\n/^mx\\d+\\.expression\\./\n2001:db8:77::/48\n'
const RECIPIENTS = 'postmaster@\nopen@example.com\nfree.example.com\n/^any-\\d+@/\n'

function installed(): boolean {
  if (existsSync(POSTGREY)) return true
  if (process.getuid?.() !== 0) return false
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'postgrey'], {
    env: environment,
    timeout: 300_000,
  })
  return existsSync(POSTGREY)
}

const runnable = process.getuid?.() === 0 && installed()
if (!runnable) console.log('skipped: postgrey cannot be installed here (it needs root and apt-get)')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function connected(port: number): Promise<Client> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await client(port)
    } catch (error) {
      if (attempt > 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('mail.example.org', 'unknown', 'mail.example.net') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a.listed.example.net', 'unlisted.example.net', 'MX5.expression.example', ''),
  },
)
const address = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      '192.0.2.25',
      '192.0.2.99',
      '203.0.113.5',
      '2001:db8:1:2::5',
      '2001:DB8:1:2:0:0:0:6',
      '2001:db8:1:3::5',
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom('198.51.100.70', '198.51.100.5', '2001:db8:77:1::1') },
)
const sender = fc.constantFrom(
  'alice@example.org',
  'Alice@Example.ORG',
  'alice+tag@example.org',
  'bounce-17-4@lists.example.org',
  'bounce-23-99@lists.example.org',
  'prvs=1234abcdef=alice@example.org',
  'prvs=9876543210=alice@example.org',
  'SRS0=aBcD=12=example.net=bob@example.org',
  '',
  'a/b@example.org',
  'j\u00c3\u00b6rg@example.org',
  '50%off@example.org',
)
const recipient = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'bob@example.com',
      'BOB@example.com',
      'bob+x@example.com',
      'carol@example.com',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Postmaster@example.com',
      'open+box@example.com',
      'x@deep.free.example.com',
      'any-5@example.com',
      'any-@example.com',
    ),
  },
)
const pause = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 10, arbitrary: fc.integer({ min: 55, max: 65 }) },
  { weight: 4, arbitrary: fc.integer({ min: 3590, max: 3610 }) },
  { weight: 1, arbitrary: fc.integer({ min: 150_000, max: 190_000 }) },
)
const step = fc.record({
  name,
  address,
  sender,
  recipient,
  pause,
  queueId: fc.constantFrom('', '', '', '4ABC12'),
  message: fc.nat(3),
})

/** What does not depend on the program's name and the real date. */
const comparable = (answer: string) => answer.replace(/^(PREPEND X-Greylist: delayed \d+ seconds) .*/, '$1')

/** postgrey spells IPv6 in a way of its own here, and only here. */
const respelled = (line: string) => line.replace(/^(whitelisted: .*)\[[^\]]*:[^\]]*\]$/, '$1[IPv6]')

describe.runIf(runnable)('side by side with postgrey', () => {
  let base: string
  let postgrey: ChildProcess
  let ours: Running
  let theirLines: string[] = []
  let both: readonly [Client, Client]

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-postgrey-'))
    spawnSync('chmod', ['755', base])
    const database = join(base, 'db')
    mkdirSync(database)
    const id = (flag: string) => Number(spawnSync('id', [flag, 'postgrey'], { encoding: 'utf8' }).stdout)
    chownSync(database, id('-u'), id('-g'))
    writeFileSync(join(base, 'clients'), CLIENTS)
    writeFileSync(join(base, 'recipients'), RECIPIENTS)
    const common = [
      '--delay=60',
      `--whitelist-clients=${join(base, 'clients')}`,
      `--whitelist-recipients=${join(base, 'recipients')}`,
      `--greylist-text=${TEXT}`,
    ]
    const port = await freePort()
    postgrey = spawn(POSTGREY, [`--inet=127.0.0.1:${port}`, `--dbdir=${database}`, ...common], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let text = ''
    postgrey.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      theirLines = text.split('\n').filter((line) => /action=|^whitelisted:/.test(line))
    })
    ours = await startTestDaemon(['--test-clock', ...common])
    both = [await connected(port), await client(ours.port)]
  })

  afterAll(async () => {
    for (const { socket } of both ?? []) socket.destroy()
    postgrey?.kill('SIGKILL')
    await ours?.stop()
    rmSync(base, { recursive: true, force: true })
  })

  it('answers and logs a thousand requests alike', async () => {
    const steps = fc.sample(step, { seed: Number(process.env.GREYCTL_SEED ?? 20_261_124), numRuns: 1000 })
    let now = START
    const answers: [string, string][] = []
    for (const [index, one] of steps.entries()) {
      now += one.pause
      const text = policyText({
        client_name: one.name,
        client_address: one.address,
        sender: one.sender,
        recipient: one.recipient,
        queue_id: one.queueId,
        instance: `m${Math.floor(index / 4)}.${one.message}`,
        etrn_domain: '',
        policy_test_time: String(now),
      })
      for (const side of both) side.send(text)
      const [theirs = '', mine = ''] = (await Promise.all(both.map((side) => side.answers(1)))).flat()
      answers.push([comparable(theirs), comparable(mine)])
    }
    expect(answers.map(([, mine]) => mine)).toEqual(answers.map(([theirs]) => theirs))
    await expect.poll(() => theirLines.length, { timeout: 5000 }).toBeGreaterThanOrEqual(1000)
    const myLines = ours.lines.filter((line) => /action=|^whitelisted:/.test(line))
    expect(myLines.map(respelled)).toEqual(theirLines.map(respelled))
    const kinds = new Set(ours.lines.map((line) => /reason=([a-zA-Z -]*\w)/.exec(line)?.[1] ?? 'whitelisted'))
    expect([...kinds].sort()).toEqual([
      'client AWL',
      'client whitelist',
      'early-retry',
      'new',
      'recipient whitelist',
      'triplet found',
      'whitelisted',
    ])
  })
})

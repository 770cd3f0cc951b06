import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { attributesOf, LISTS as DEPARTURE_LISTS, DEPARTURES, OPTIONS } from './departures.js'
import { EXCUSES, excusedAnswer, excusedLine, plain } from './excuses.js'
import { LISTS, randomRequests } from './requests.js'
import { installed, type Side, type Sides, startSides } from './sides.js'

/**
 * The real postgrey and this daemon, side by side: the same requests at the same simulated times. Random ones must get
 * the same answers and log lines (excuses.ts says in what words they may differ); where greyctl departs on purpose,
 * departures.ts says what each of them answers. Both are listed in docs/postgrey.md.
 */
const runnable = installed()
if (!runnable) console.log('skipped: postgrey cannot be installed here (it needs root and apt-get)')

const SEED = Number(process.env.GREYCTL_SEED ?? 20_261_124)
const EACH = 400
const OPTION_SETS: readonly (readonly string[])[] = [
  ['--delay=60', '--greylist-text=Greylisted, %s seconds left for %r'],
  ['--delay=300', '--retry-window=1h', '--auto-whitelist-clients'],
  ['--delay=60', '--lookup-by-host', '--auto-whitelist-clients=1'],
  ['--delay=60', '--lookup-by-host', '--lookup-by-subnet', '--ipv4cidr=8'],
  ['--delay=60', '--ipv4cidr=16', '--ipv6cidr=48', '--auto-whitelist-clients=2'],
  ['--delay=60', '--ipv4cidr=32', '--ipv6cidr=127', '--auto-whitelist-clients=0'],
  ['--delay=60', '--privacy', '--auto-whitelist-clients=2'],
  ['--delay=60', '--greylist-action=451', '--greylist-text=4.7.1 back in %s s, %r'],
  ['--delay=60', '--x-greylist-header=X-Waited: %t s at %h', '--retry-window=2h', '--max-age=30'],
  ['--delay=120', '--exim', '--greylist-text=%s of %s s, for %r or %r', '--auto-whitelist-clients=3'],
]

/** One after the other, as Postfix asks: postgrey loses an answer now and then when many requests come at once. */
async function answersOf(side: Side, requests: readonly string[], oneEach: boolean): Promise<string[]> {
  const answers: string[] = []
  let connection = await side.connect()
  for (const request of requests) {
    connection.send(request)
    answers.push(...(await connection.answers(1)))
    if (!oneEach) continue
    await connection.closed
    connection = await side.connect()
  }
  connection.socket.destroy()
  return answers
}

describe.runIf(runnable)('side by side with postgrey', () => {
  const kinds = new Set<string>()

  it.each(OPTION_SETS.map((options, index) => [options, SEED + index] as const))(
    `${EACH} requests alike, with %j`,
    async (options, seed) => {
      const text = options.some((option) => option.startsWith('--greylist-text'))
        ? []
        : ['--greylist-text=later']
      const given = ['--hostname=mx.example.com', ...text, ...options]
      const sides = await startSides(given, LISTS)
      try {
        const requests = randomRequests(EACH, seed)
        const exim = options.includes('--exim')
        const [theirs, mine] = await Promise.all([
          answersOf(sides.theirs, requests, exim),
          answersOf(sides.mine, requests, exim),
        ])
        expect(mine.map(plain)).toEqual(theirs.map((answer) => excusedAnswer(answer, given)))
        const lines = () => [sides.mine.lines().map(plain), sides.theirs.lines().map(excusedLine)] as const
        await expect
          .poll(() => lines()[1].length, { timeout: 5000 })
          .toBeGreaterThanOrEqual(lines()[0].length)
        expect(lines()[0]).toEqual(lines()[1])
        for (const line of lines()[0]) kinds.add(/reason=([a-zA-Z -]*\w)/.exec(line)?.[1] ?? 'whitelisted')
      } finally {
        await sides.stop()
      }
    },
  )

  it('has seen every kind of answer', () => {
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

describe.runIf(runnable)('where greyctl departs from postgrey', () => {
  let sides: Sides
  beforeAll(async () => {
    sides = await startSides(OPTIONS, DEPARTURE_LISTS)
  })
  afterAll(() => sides?.stop())

  it.each(DEPARTURES.map((departure) => [departure.name, departure] as const))(
    '%s',
    async (_, { steps, lines }) => {
      const both = await Promise.all([sides.theirs.connect(), sides.mine.connect()])
      const [theirs, mine] = both
      for (const step of steps) {
        const request = requestText(attributesOf(step))
        for (const side of both) side.send(request)
        expect((await mine.answers(1))[0]).toMatch(step.mine)
        if (step.theirs === undefined) await expectSilence(theirs)
        else expect((await theirs.answers(1))[0]).toMatch(step.theirs)
      }
      for (const { socket } of both) socket.destroy()
      if (lines === undefined) return
      await expect.poll(() => sides.theirs.lines().at(-1)).toBe(lines.theirs)
      expect(sides.mine.lines().at(-1)).toBe(lines.mine)
    },
  )

  it('an address that is none ends postgrey, and not greyctl', async () => {
    const both = await Promise.all([sides.theirs.connect(), sides.mine.connect()])
    for (const side of both)
      side.send(
        requestText({ client_address: 'unknown', client_name: 'unknown', sender: 'a@b', recipient: 'c@d' }),
      )
    expect(await both[1].answers(1)).toEqual(['DUNNO'])
    expect(await sides.theirs.exit).toBe(255)
    for (const { socket } of both) socket.destroy()
  })
})

describe('docs/postgrey.md', () => {
  const page = readFileSync(new URL('../../../docs/postgrey.md', import.meta.url), 'utf8')

  it.each([...EXCUSES, ...DEPARTURES].map(({ name }) => [name]))('lists: %s', (name) => {
    expect(page).toContain(name)
  })
})

function requestText(attributes: Readonly<Record<string, string>>): string {
  const all = { request: 'smtpd_access_policy', ...attributes }
  return `${Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}\n`
}

/** The next request of the same connection is answered: so the one before got nothing. */
async function expectSilence(connection: Awaited<ReturnType<Side['connect']>>): Promise<void> {
  connection.send(
    requestText({ client_address: '10.20.0.1', client_name: 'x', sender: 'silence@x', recipient: 'a@b' }),
  )
  expect(await connection.answers(1)).toEqual(['DUNNO'])
  await expect(Promise.race([connection.answers(1), sleep(100)])).resolves.toBe('silence')
}

function sleep(milliseconds: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('silence'), milliseconds))
}

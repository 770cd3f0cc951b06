import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import type { VerifyReport } from '../../src/maillog/report.js'
import { verifySources } from '../../src/maillog/verify.js'

/** One mail of a made log, and the seconds at which it comes. */
interface Made {
  readonly network: number
  readonly sender: number
  /** Seconds between one try and the next. */
  readonly tries: readonly number[]
  /** Seconds from the last deferral to acceptance; undefined: it never comes back. */
  readonly passes: number | undefined
  /** Is the last deferral told as "message repeated"? */
  readonly folded: boolean
}

interface Line {
  readonly at: number
  readonly program: string
  readonly body: string
}

const START = Date.UTC(2026, 11, 31, 22) / 1000
const DELAY = 60

const made = fc.record({
  network: fc.integer({ min: 0, max: 250 }),
  sender: fc.integer({ min: 0, max: 1000 }),
  tries: fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 3 }),
  passes: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined }),
  folded: fc.boolean(),
})
const mails = fc.uniqueArray(made, {
  minLength: 1,
  maxLength: 25,
  selector: ({ network, sender }) => `${network} ${sender}`,
})

function linesOf(all: readonly Made[]): Line[] {
  const lines: Line[] = []
  all.forEach(({ network, sender, tries, passes, folded }, number) => {
    const client = `mail${network}.example.org`
    const address = `203.0.${network}.${(number % 200) + 1}`
    const who = `client_name=${client}, client_address=${address}, sender=s${sender}@example.org, recipient=bob@mx.test`
    const first = START + number * 601
    let at = first
    const deferral = (reason: string) => {
      const body = `NOQUEUE: reject: RCPT from ${client}[${address}]: 450 4.2.0 <bob@mx.test>: Recipient address rejected: Greylisted; from=<s${sender}@example.org> to=<bob@mx.test> proto=ESMTP helo=<h>`
      lines.push({ at, program: 'postgrey', body: `action=greylist, reason=${reason}, ${who}` })
      lines.push({ at, program: 'postfix/smtpd', body })
      return body
    }
    let last = deferral('new')
    for (const wait of tries) {
      at += wait
      last = deferral(wait < DELAY ? `early-retry (${DELAY - wait}s missing)` : 'new')
    }
    if (folded) {
      at += 2
      lines.push({ at, program: 'postfix/smtpd', body: `message repeated 2 times: [ ${last}]` })
    }
    if (passes === undefined) return
    at += passes
    const id = `4K68s${String(number).padStart(6, '0')}z`
    const delay = at - first
    lines.push({ at, program: 'postgrey', body: `action=pass, reason=triplet found, delay=${delay}, ${who}` })
    lines.push({ at, program: 'postfix/smtpd', body: `${id}: client=${client}[${address}]` })
    lines.push({
      at,
      program: 'postfix/qmgr',
      body: `${id}: from=<s${sender}@example.org>, size=5, nrcpt=1 (queue active)`,
    })
    lines.push({
      at: at + 1,
      program: 'postfix/local',
      body: `${id}: to=<bob@mx.test>, relay=local, delay=1, dsn=2.0.0, status=sent (delivered)`,
    })
    lines.push({ at: at + 1, program: 'postfix/qmgr', body: `${id}: removed` })
  })
  return lines
    .map((line, index) => ({ line, index }))
    .sort((a, b) => a.line.at - b.line.at || a.index - b.index)
    .map(({ line }) => line)
}

/** What is true of them. Deferrals that only Postfix's folded lines tell are not in the greylister's alone. */
function truthOf(all: readonly Made[], foldedTold: boolean) {
  const delays = all
    .filter(({ passes }) => passes !== undefined)
    .map(({ tries, passes = 0, folded }) => tries.reduce((a, b) => a + b, 0) + (folded ? 2 : 0) + passes)
    .sort((a, b) => a - b)
  return {
    greylisted: all.length,
    passed: delays.length,
    neverRetried: all.length - delays.length,
    earlyRetries: all.reduce(
      (sum, { tries, folded }) => sum + tries.length + (folded && foldedTold ? 2 : 0),
      0,
    ),
    median: delays[Math.max(0, Math.ceil(delays.length / 2) - 1)] ?? null,
  }
}

const FORMS: Readonly<Record<string, (line: Line) => string>> = {
  traditional: ({ at, program, body }) => {
    const date = new Date(at * 1000)
    return `${date.toString().slice(4, 7)} ${String(date.getDate()).padStart(2)} ${date.toTimeString().slice(0, 8)} mx ${program}[12]: ${body}`
  },
  'RFC 3339': ({ at, program, body }) => `${new Date(at * 1000).toISOString()} mx ${program}[12]: ${body}`,
  journal: ({ at, program, body }) =>
    JSON.stringify({
      __REALTIME_TIMESTAMP: `${at}000000`,
      SYSLOG_IDENTIFIER: program,
      _PID: '12',
      MESSAGE: body,
    }),
}

const TELLERS = {
  both: () => true,
  'the greylister': ({ program }: Line) => program === 'postgrey',
  Postfix: ({ program }: Line) => program !== 'postgrey',
}

async function verifyLines(
  lines: readonly string[],
  parts: number,
  turned: number,
  /** By which the files are sorted. */
  keys: readonly number[] = [],
): Promise<VerifyReport> {
  const host = new MemoryHost()
  host.time = START + 30 * 86_400
  const size = Math.max(1, Math.ceil(lines.length / parts))
  const names: string[] = []
  for (let from = 0; from < lines.length; from += size) {
    const text = lines
      .slice(from, from + size)
      .map((line) => `${line}\n`)
      .join('')
    const name = `/var/log/part-${names.length}`
    host.seed(name, names.length % 2 === 0 ? text : gzipSync(text))
    names.push(name)
  }
  const at = turned % names.length
  const files = [...names.slice(at), ...names.slice(0, at)].reverse()
  const keyOf = (name: string) => keys[names.indexOf(name)] ?? 0
  return verifySources(host, { files: files.sort((one, other) => keyOf(one) - keyOf(other)) })
}

function found({ counts, delay }: VerifyReport) {
  const { greylisted, passed, neverRetried, earlyRetries } = counts
  return { greylisted, passed, neverRetried, earlyRetries, median: delay.median }
}

describe('of a log with known truth, every count and the median delay are exact', () => {
  for (const [form, write] of Object.entries(FORMS))
    it.each(Object.entries(TELLERS))(`${form}, told by %s, in files of any order`, async (_name, tells) => {
      await fc.assert(
        fc.asyncProperty(mails, fc.integer({ min: 1, max: 4 }), fc.nat(), async (all, parts, turned) => {
          const told = linesOf(all).filter(tells)
          const report = await verifyLines(told.map(write), parts, turned)
          const foldedTold = tells({ at: 0, program: 'postfix/smtpd', body: '' })
          expect(found(report)).toEqual(truthOf(all, foldedTold))
        }),
        { numRuns: 25 },
      )
    })

  for (const [form, write] of Object.entries(FORMS))
    it.each(Object.entries(TELLERS))(
      `${form}, told by %s, also when a clock is set back or forth meanwhile: nothing gets lost`,
      async (_name, tells) => {
        const step = fc.integer({ min: -7200, max: 7200 })
        await fc.assert(
          fc.asyncProperty(mails, fc.nat(), step, async (all, where, seconds) => {
            const lines = linesOf(all).filter(tells)
            const from = where % lines.length
            const stepped = lines.map((line, at) => (at < from ? line : { ...line, at: line.at + seconds }))
            const foldedTold = tells({ at: 0, program: 'postfix/smtpd', body: '' })
            const { median: _, ...expected } = truthOf(all, foldedTold)
            expect(found(await verifyLines(stepped.map(write), 1, 0))).toMatchObject(expected)
          }),
          { numRuns: 15 },
        )
      },
    )

  it('in files of all forms at once, shuffled', async () => {
    const order = fc.array(fc.nat(), { minLength: 6, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(mails, fc.integer({ min: 2, max: 6 }), order, async (all, parts, keys) => {
        const writers = Object.values(FORMS)
        const lines = linesOf(all)
        const size = Math.max(1, Math.ceil(lines.length / parts))
        const written = lines.map((line, at) => writers[Math.floor(at / size) % writers.length]?.(line) ?? '')
        expect(found(await verifyLines(written, parts, 0, keys))).toEqual(truthOf(all, true))
      }),
      { numRuns: 40 },
    )
  })
})

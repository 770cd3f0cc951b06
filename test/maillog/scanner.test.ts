import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wholeLines } from '../../src/maillog/blocks.js'
import { LogReader } from '../../src/maillog/log-reader.js'
import { LineScanner, PLACES_OF_LINE } from '../../src/maillog/scanner.js'
import type { LogSource } from '../../src/maillog/sources.js'
import { StoryTeller } from '../../src/maillog/story.js'
import { line } from './any-lines.js'

/** What a clock does between lines: nothing, mostly; it goes on, goes back, or the next hour comes. */
const steps = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 3, arbitrary: fc.integer({ min: -9, max: -1 }) },
  { weight: 1, arbitrary: fc.integer({ min: -90, max: 4000 }) },
)
const START = Date.UTC(2026, 10, 23, 10) / 1000
const body = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'postfix/smtpd[12]: connect from a.example.org[192.0.2.10]',
      'postfix/smtpd[12]: disconnect from a.example.org[192.0.2.10] ehlo=1 quit=1 commands=2',
      'dovecot: lmtp(b)<1><x>: saved mail to INBOX',
      'cron[1]: (root) CMD (true)',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'postfix/smtpd[12]: NOQUEUE: reject: RCPT from a[192.0.2.10]: 450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted; from=<a@example.org> to=<b@mx.test> proto=ESMTP helo=<h>',
      'postfix/smtpd[12]: 4K68s31RlGzgf9W: client=a[192.0.2.10]',
    ),
  },
)
/** Its time is that of the line before it. */
const untimed = fc
  .integer({ min: 1, max: 250 })
  .map(
    (host) =>
      `action=greylist, reason=new, client_name=a, client_address=192.0.${host}.1, sender=a@example.org, recipient=b@mx.test`,
  )

function stamped(at: number, isTraditional: boolean): string {
  const date = new Date(at * 1000)
  if (!isTraditional) return date.toISOString().replace('Z', '456+00:00')
  return `${date.toString().slice(4, 7)} ${String(date.getDate()).padStart(2)} ${date.toTimeString().slice(0, 8)}`
}

/** A log as a daemon writes it, with lines of any form in it now and then. */
const log = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.tuple(steps, body, fc.option(fc.oneof(untimed, line), { freq: 12, nil: undefined })), {
      minLength: 1,
      maxLength: 60,
      size: 'max',
    }),
  )
  .map(([isTraditional, entries]) => {
    let at = START
    return entries.flatMap(([step, text, other]) => {
      at += isTraditional ? step : step / 7
      const own = `${stamped(at, isTraditional)} mx ${text}`
      return other === undefined ? [own] : [own, other]
    })
  })

/** The window, and all that was told, of the same lines: all of them read, or those that were found. */
async function toldOf(lines: readonly string[], since: number | undefined, size: number, scans: boolean) {
  const text = Buffer.from(lines.join('\n'))
  const source: LogSource = {
    name: 'mail.log',
    modified: START + 86_400,
    shadow: false,
    again: false,
    async *open() {
      for (let from = 0; from < text.length; from += size) yield text.subarray(from, from + size)
    },
  }
  const scanner = new LineScanner(since)
  const ahead = {
    async *read() {
      for await (const bytes of wholeLines(source.open())) {
        const places = new Int32Array(600)
        const scanned = scanner.scan(bytes, places)
        yield { bytes, scanned: scanned && { ...scanned, places } }
      }
    },
  }
  const teller = new StoryTeller({ triplets: 100, queued: 100 })
  const reader = new LogReader(teller, since, () => {}, true, undefined, scans ? ahead : undefined)
  await reader.read({ source, year: 2026 })
  const { lives, totals, each: _, ...stories } = teller.end()
  return structuredClone({ lines: reader.lines, window: reader.window, stories, lives: [...lives], totals })
}

describe('a scanned log', () => {
  const size = fc.integer({ min: 40, max: 4000 })

  it('tells the same as one that is read line by line, whatever its lines', async () => {
    const any = fc.array(line, { minLength: 1, maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(any, size, async (lines, chunk) => {
        expect(await toldOf(lines, undefined, chunk, true)).toEqual(
          await toldOf(lines, undefined, chunk, false),
        )
      }),
      { numRuns: 200 },
    )
  })

  it('tells the same window and the same stories from any time on, when clocks go back and forth', async () => {
    const since = fc.option(
      fc.integer({ min: -60, max: 200 }).map((seconds) => START + seconds),
      { nil: undefined },
    )
    await fc.assert(
      fc.asyncProperty(log, since, size, async (lines, from, chunk) => {
        expect(await toldOf(lines, from, chunk, true)).toEqual(await toldOf(lines, from, chunk, false))
      }),
      { numRuns: 300 },
    )
  })

  it('counts each second of the minute from which on it counts', async () => {
    const at = (second: number) => `${stamped(START + second, true)} mx cron[1]: (root) CMD (true)`
    const lines = [5, 15, 25, 35, 70].map(at)
    for (const scans of [true, false])
      expect((await toldOf(lines, START + 10, 4000, scans)).window).toEqual({
        from: START + 15,
        to: START + 70,
      })
  })

  it('is a small part of it', () => {
    const nothing = (second: number) =>
      `${stamped(START + second, true)} mx postfix/anvil[1]: statistics: max cache size ${second}`
    const lines = Array.from({ length: 600 }, (_, second) => nothing(second))
    lines[100] = `${stamped(START + 100, true)} mx postfix/smtpd[1]: 4K68s31RlGzgf9W: client=a[192.0.2.10]`
    const places = new Int32Array(600)
    const scanned = new LineScanner(undefined).scan(Buffer.from(lines.join('\n')), places)
    // of each of ten minutes the first and the last line, and the one that says something
    expect(scanned).toEqual({ found: 21, lines: 600 })
    expect(places[2]).toBe(0)
    expect([...places.subarray(0, 21 * PLACES_OF_LINE)].filter((_, at) => at % 3 === 2)).toContain(100)
  })

  it('is read as a whole where more lines may matter than there is room for', () => {
    const text = Buffer.from('no time, no program\n'.repeat(100))
    expect(new LineScanner(undefined).scan(text, new Int32Array(90 * PLACES_OF_LINE))).toBeUndefined()
    expect(new LineScanner(undefined).scan(text, new Int32Array(110 * PLACES_OF_LINE))).toMatchObject({
      found: 101,
    })
  })
})

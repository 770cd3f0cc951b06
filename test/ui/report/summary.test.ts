import { Chalk } from 'chalk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Change } from '../../../src/maillog/follow.js'
import type { Summary } from '../../../src/maillog/report/shape.js'
import { renderSummary } from '../../../src/ui/report/summary.js'
import { LogWriter } from '../../maillog/log-writer.js'
import { HOSTILE, reportOf } from './sample.js'

const plain = { style: new Chalk({ level: 0 }), width: 80, unicode: true, interactive: true }

const change: Change = {
  what: 'accepted',
  client: 'mail.example.org[192.0.2.10]',
  sender: 'alice@example.org',
  recipient: 'bob@mx.test',
  deferrals: 1,
  deferredAt: '2026-11-23T10:00:00Z',
  lastDeferredAt: '2026-11-23T10:00:00Z',
  passedAt: '2026-11-23T10:06:40Z',
  delay: 400,
}

async function summaryOf(deferred: number, accepted: number): Promise<Summary> {
  const report = await reportOf(new LogWriter().rejected().wait(400).accepted('4K68s31RlGzgf9A'))
  const minutes = Array.from({ length: 60 }, (_, at) => ({
    from: `2026-11-23T10:${String(at).padStart(2, '0')}:00Z`,
    deferred: at % 7 === 0 ? deferred : 0,
    accepted: at % 9 === 0 ? accepted : 0,
  }))
  return { ...report, minutes }
}

describe('how a log that goes on stands', () => {
  it('is counts, delays, two charts of the last hour, and the latest changes', async () => {
    const text = renderSummary(await summaryOf(3, 2), [change], { ...plain, rows: 40 })
    expect(text).toMatch(
      /^One first mail was asked to come back\.\nread: 2026-11-23 10:00 to 2026-11-23 10:06 UTC/,
    )
    expect(text).toContain('1  came back and were accepted (100 %)')
    expect(text).toContain('deferred, by minute: 27 in the last 60, at most 3 in one')
    expect(text).toContain('accepted after they waited, by minute: 14 in the last 60, at most 2 in one')
    expect(text).toMatch(/\n10:06:40 {2}accepted after 6 m 40 s {2}mail\.example\S+…\S+ to <bob@mx\.test>\n/)
    expect(text).toMatch(/Ctrl-C ends it, with the whole report$/)
  })

  it('fits any screen, the line for the cursor left free, and the newest change is the last to give way', async () => {
    const summary = await summaryOf(3, 2)
    const changes = Array.from({ length: 100 }, (_, at) => ({
      ...change,
      sender: `${'x'.repeat(at)}${at}@example.org`,
    }))
    fc.assert(
      fc.property(
        fc.integer({ min: 4, max: 100 }),
        fc.integer({ min: 40, max: 120 }),
        fc.integer({ min: 0, max: 100 }),
        fc.boolean(),
        (rows, width, count, unicode) => {
          const latest = changes.slice(0, count)
          const lines = renderSummary(summary, latest, { ...plain, rows, width, unicode }).split('\n')
          expect(lines.length).toBeLessThan(rows)
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
          if (rows >= 34 && count > 0) expect(lines.at(-3)).toContain('10:06:40  accepted after')
        },
      ),
    )
  })

  it('has no charts of an hour without mail, and no lines for a screen where there is none', async () => {
    const text = renderSummary(await summaryOf(0, 0), [], plain)
    expect(text).not.toMatch(/by minute|Ctrl-C|latest/)
  })

  it('is escaped, whatever strangers wrote', async () => {
    for (const text of HOSTILE) {
      const shown = renderSummary(
        await summaryOf(1, 1),
        [{ ...change, client: text, sender: text, recipient: text }],
        {
          ...plain,
          rows: 50,
        },
      )
      expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    }
  })
})

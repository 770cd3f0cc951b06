import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createRealHost } from '../../../src/host/real.js'
import type { Change } from '../../../src/maillog/follow.js'
import { followReport } from '../../../src/maillog/report/follow-report.js'
import { MinuteTally } from '../../../src/maillog/report/minutes.js'
import { reportLog } from '../../../src/maillog/report/report-log.js'
import type { Summary } from '../../../src/maillog/report/shape.js'
import { LogWriter } from '../log-writer.js'
import { makeLog } from './truth.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-follow-report-'))
afterAll(() => rmSync(directory, { recursive: true }))

const host = createRealHost()
/** So few that most triplets of a made log are let go. */
const limits = { triplets: 100, queued: 100 }
const soon = () => new Promise((resolve) => setTimeout(resolve, 20))

/** Follows a file that holds this, until `act` has done its part. */
async function following(
  content: string,
  act: (log: { path: string; summarise: () => Summary; changes: readonly Change[] }) => Promise<void>,
) {
  const path = join(directory, `${Math.random()}.log`)
  writeFileSync(path, content)
  const controller = new AbortController()
  const changes: Change[] = []
  let summarise: (() => Summary) | undefined
  const report = followReport(host, {
    files: [path],
    top: 0,
    limits,
    signal: controller.signal,
    begun: (ask) => {
      summarise = ask
    },
    tell: (change) => changes.push(change),
  })
  while (summarise === undefined) await soon()
  await act({ path, summarise, changes }).finally(() => controller.abort())
  return { path, report: await report }
}

describe('a report of a log that goes on', () => {
  it('says how it stands, then what comes, and counts what was there and what came once', async () => {
    const before = new LogWriter().rejected().rejected({ sender: 'other@example.org' }).toString()
    const { report } = await following(before, async ({ path, summarise, changes }) => {
      expect([summarise().counts.greylisted, summarise().counts.passed, changes]).toEqual([2, 0, []])
      appendFileSync(path, new LogWriter().wait(400).accepted('4K68s31RlGzgf9A').toString())
      while (changes.length === 0) await soon()
      expect(changes).toMatchObject([{ what: 'accepted', sender: 'alice@example.org', delay: 400 }])
      // asked again and again, it counts nothing twice
      expect([summarise().counts, summarise().counts.passed]).toEqual([summarise().counts, 1])
      expect(Object.values(summarise().outcome).reduce((a, b) => a + b)).toBe(2)
    })
    expect(report.counts).toMatchObject({ greylisted: 2, passed: 1 })
    expect(report.delay.median).toBe(400)
  })

  it('ends with the report that the whole log gives, also where most triplets are let go on the way', async () => {
    const lines = makeLog(3, 800).log.toString().split('\n')
    const half = Math.floor(lines.length / 2)
    const { path, report } = await following(
      `${lines.slice(0, half).join('\n')}\n`,
      async ({ path, summarise }) => {
        summarise()
        appendFileSync(path, lines.slice(half).join('\n'))
        while (summarise().window.lines < lines.length - 1) await soon()
      },
    )
    const plain = await reportLog(host, { files: [path], top: 0, limits })
    expect(report.window).toEqual(plain.window)
    expect([report.counts, report.delay, report.delays]).toEqual([plain.counts, plain.delay, plain.delays])
    expect(report.calendar.days.map(({ day, greylisted }) => [day, greylisted])).toEqual(
      plain.calendar.days.map(({ day, greylisted }) => [day, greylisted]),
    )
  })

  it('is stopped while it reads what was there, too', async () => {
    const old = join(directory, 'old.log')
    writeFileSync(old, new LogWriter().rejected().toString())
    const now = join(directory, 'now.log')
    writeFileSync(now, new LogWriter().wait(86_400).rejected({ sender: 'b@example.org' }).toString())
    const begun: unknown[] = []
    const report = await followReport(host, {
      files: [old, now],
      top: 0,
      signal: AbortSignal.abort(),
      begun: (ask) => begun.push(ask),
      tell: () => {},
    })
    expect([report.counts.greylisted, begun]).toEqual([0, []])
  })
})

describe('the last hour by the minute', () => {
  it('is a window that moves, and what is older or of the future is not in it', () => {
    const tally = new MinuteTally()
    const now = 1_795_000_020
    for (const at of [now, now, now - 60, now - 59 * 60, now - 3600, now + 7200, undefined, -5])
      tally.add('deferred', at, now)
    tally.add('accepted', now - 60, now)
    const minutes = tally.upTo(now)
    const shown = minutes.flatMap(({ deferred, accepted }, at) =>
      deferred + accepted > 0 ? [[at, deferred, accepted]] : [],
    )
    expect(minutes).toHaveLength(60)
    expect(shown).toEqual([
      [0, 1, 0],
      [58, 1, 1],
      [59, 2, 0],
    ])
    expect(
      tally
        .upTo(now + 600)
        .map(({ deferred }) => deferred)
        .slice(45),
    ).toEqual([0, 0, 0, 1, 2, ...Array(10).fill(0)])
  })
})

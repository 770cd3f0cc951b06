import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRealHost } from '../../../src/host/real.js'
import { type ReportOptions, reportLog } from '../../../src/maillog/report/report-log.js'
import type { Report, Tally } from '../../../src/maillog/report/shape.js'
import { verifySources } from '../../../src/maillog/verify.js'
import { LogWriter } from '../log-writer.js'
import { DAY, makeLog, type Truth } from './truth.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-report-'))
const host = createRealHost()
const LAST_WRITTEN = new Date('2026-12-01T00:00:00Z')
let files = 0

beforeAll(() => vi.stubEnv('TZ', 'UTC'))
afterAll(() => {
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
})

function logFile(content: string | LogWriter): string {
  const path = join(directory, `mail-${files++}.log`)
  writeFileSync(path, content.toString())
  // stamps without a year are of the year in which the file was last written
  utimesSync(path, LAST_WRITTEN, LAST_WRITTEN)
  return path
}

function report(content: string | LogWriter, options: Partial<ReportOptions> = {}): Promise<Report> {
  return reportLog(host, { top: 0, ...options, files: [logFile(content)] })
}

function sums(rows: readonly Tally[]): Record<keyof Tally, number> {
  const sum = (key: keyof Tally) => rows.reduce((total, row) => total + row[key], 0)
  return {
    greylisted: sum('greylisted'),
    cameBack: sum('cameBack'),
    elsewhere: sum('elsewhere'),
    waiting: sum('waiting'),
    neverCameBack: sum('neverCameBack'),
    earlyRetries: sum('earlyRetries'),
    whitelisted: sum('whitelisted'),
  }
}

/** Every number of the report that the maker of the log knows. */
function expectTruth(made: Report, truth: Truth, { reasons }: { readonly reasons: boolean }): void {
  const { greylisted, cameBack, elsewhere, waiting, neverCameBack, earlyRetries } = truth
  const whitelisted = reasons ? [...truth.reasons.values()].reduce((a, b) => a + b, 0) : 0
  const tally = { greylisted, cameBack, elsewhere, waiting, neverCameBack, earlyRetries, whitelisted }
  expect(made.counts).toMatchObject({ greylisted, passed: cameBack, earlyRetries, whitelisted })
  expect(made.counts.acceptedElsewhere).toBe(elsewhere)
  expect(made.outcome).toEqual({ cameBack, elsewhere, waiting, neverCameBack })
  expect(sums(made.calendar.days)).toEqual(tally)
  expect(sums(made.calendar.hours)).toEqual(tally)
  expect(sums([made.calendar.undated]).greylisted).toBe(0)
  const byDay = made.calendar.days.filter((day) => day.greylisted > 0)
  expect(byDay.map((day) => [day.day, day.greylisted])).toEqual([...truth.days].sort())
  expect(made.calendar.hours.map((hour) => hour.greylisted)).toEqual(truth.hours)
  const delays = truth.delays.sort((a, b) => a - b)
  const rank = (share: number) => delays[Math.ceil(share * delays.length) - 1]
  expect(made.delay).toEqual({ median: rank(0.5), p90: rank(0.9), p99: rank(0.99), max: delays.at(-1) })
  for (const { from, below, count } of made.delays)
    expect(delays.filter((delay) => delay >= from && (below === null || delay < below)).length).toBe(count)
  expect(made.delays.reduce((sum, { count }) => sum + count, 0)).toBe(delays.length)
  expect(made.balance.waitedSeconds).toBe(delays.reduce((a, b) => a + b, 0))
  expect(new Map(made.top.recipients.rows.map(({ name, greylisted: count }) => [name, count]))).toEqual(
    truth.recipients,
  )
  expect(made.neverCameBack.total).toBe(neverCameBack)
  expect(made.neverCameBack.listed.length).toBe(neverCameBack)
  expect(made.balance.poolMails).toBe(elsewhere)
  if (reasons) expect(new Map(made.whitelisted.map((row) => [row.reason, row.count]))).toEqual(truth.reasons)
}

describe('a log whose truth is known', () => {
  it.each([
    ['with dates and zones', (log: LogWriter) => log.toString()],
    ['with traditional stamps', (log: LogWriter) => log.traditional()],
    ['from the journal', (log: LogWriter) => log.journal()],
  ])('%s is reported exactly', async (_, write) => {
    const { log, truth } = makeLog(1, 400)
    expect(truth.elsewhere * truth.waiting * truth.neverCameBack * truth.earlyRetries).toBeGreaterThan(0)
    expectTruth(await report(write(log)), truth, { reasons: true })
  })

  it("is reported exactly from the greylister's lines alone", async () => {
    const { log, truth } = makeLog(2, 300)
    expectTruth(await report(log.only('greylister')), truth, { reasons: true })
  })

  it("is reported exactly from Postfix's lines alone, but for the whitelists", async () => {
    const { log, truth } = makeLog(3, 300)
    const made = await report(log.only('postfix'))
    expectTruth(made, truth, { reasons: false })
    expect(made.whitelisted).toEqual([])
  })

  it('says what verify says', async () => {
    const path = logFile(makeLog(4, 200).log)
    const { verdict, counts, delay, window, problems } = await verifySources(host, { files: [path] })
    const made = await reportLog(host, { files: [path], top: 10 })
    expect(made).toMatchObject({ verdict, counts, delay, window, problems })
  })

  it('counts days in the zone of this process', async () => {
    vi.stubEnv('TZ', 'Pacific/Auckland')
    const made = await report(new LogWriter().wait(2 * 3600).rejected())
    vi.stubEnv('TZ', 'UTC')
    expect(made.zone).toBe('Pacific/Auckland')
    expect(made.calendar.days.map(({ day }) => day)).toEqual(['2026-11-24'])
    expect(made.calendar.hours.find(({ greylisted }) => greylisted > 0)?.hour).toBe(1)
  })
})

describe('more triplets than are followed', () => {
  it('stay in the counts, and what was let go is said', async () => {
    const log = new LogWriter()
    for (let number = 0; number < 300; number += 1)
      log
        .rejected({ sender: `x${number}@spam.example`, client: `x[10.${number & 127}.${number >> 7}.1]` })
        .wait(60)
    const made = await report(log.wait(2 * DAY).other(), { limits: { triplets: 50, queued: 10 }, top: 3 })
    expect(made.counts.greylisted).toBe(300)
    expect(Object.values(made.outcome).reduce((a, b) => a + b, 0)).toBe(300)
    expect(sums(made.calendar.days).greylisted).toBe(300)
    const { looks, total } = made.neverCameBack
    expect(looks.legitimate + looks.unclear + looks.spam).toBe(total)
    expect(made.neverCameBack.listed).toHaveLength(3)
    expect(made.untracked).toBeGreaterThan(200)
    expect(made.top.senderDomains.rows).toMatchObject([{ name: 'spam.example', greylisted: 300 }])
  })
})

describe('options', () => {
  it('cuts lists at top and says how many there are', async () => {
    const { log, truth } = makeLog(5, 200)
    const made = await report(log, { top: 3 })
    expect(made.neverCameBack.listed).toHaveLength(3)
    expect(made.neverCameBack.total).toBe(truth.neverCameBack)
    expect(made.top.recipients.rows).toHaveLength(3)
    expect(made.top.recipients.names).toBe(truth.recipients.size)
    expect(made.pools.listed.length).toBeLessThanOrEqual(3)
  })

  it('leaves out other clients', async () => {
    const log = new LogWriter()
      .rejected()
      .rejected({ client: 'x.example.net[198.51.100.1]', sender: 'x@example.net' })
      .wait(400)
      .accepted('4K68s31RlGzgf9A')
    const made = await report(log, { wanted: ({ name }) => name.endsWith('.example.net') })
    expect(made.counts).toMatchObject({ greylisted: 1, passed: 0 })
    expect(made.accepted).toBe(0)
  })
})

describe('who never came back', () => {
  const gone = (log: LogWriter) => report(log.wait(2 * DAY).other()).then((made) => made.neverCameBack)

  it('puts those first that look legitimate, with what tells so', async () => {
    const { listed, looks } = await gone(
      new LogWriter()
        .rejected({ client: 'unknown[203.0.113.5]', sender: 'spam@cheap.test' })
        .rejected({ client: 'vps1.hoster.example[203.0.114.7]', sender: 'news@promo.test' })
        .rejected({ client: 'mx1.praxis.example[198.51.100.7]', sender: 'termin@praxis.example' })
        .wait(120)
        .rejected({ client: 'mx1.praxis.example[198.51.100.7]', sender: 'termin@praxis.example' }),
    )
    expect(listed.map(({ look, name, tries }) => [look, name, tries])).toEqual([
      ['legitimate', 'mx1.praxis.example', 2],
      ['unclear', 'vps1.hoster.example', 1],
      ['spam', 'unknown', 1],
    ])
    expect(looks).toEqual({ legitimate: 1, unclear: 1, spam: 1 })
    expect(listed[0]?.marks).toEqual(['retried', 'confirmed-name', 'name-of-sender', 'mail-server-name'])
    expect(listed[2]?.marks).toEqual(['no-confirmed-name'])
  })

  it('knows a network whose other mail came back, and one that changes its senders', async () => {
    const log = new LogWriter()
      .rejected({ sender: 'one@example.org' })
      .rejected({ sender: 'two@example.org' })
    log.wait(400).accepted('4K68s31RlGzgf9A', { sender: 'one@example.org' })
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      log.rejected({ client: 'vps.hoster.example[203.0.113.9]', sender: `x@${name}.test` })
    const { listed } = await gone(log)
    expect(listed.find(({ sender }) => sender === 'two@example.org')?.marks).toContain('network-known')
    expect(listed.filter(({ marks }) => marks.includes('many-senders'))).toHaveLength(5)
  })

  it('calls nobody gone who was deferred just before the log ends', async () => {
    const made = await report(new LogWriter().rejected().wait(3600).other())
    expect(made.outcome).toEqual({ cameBack: 0, elsewhere: 0, waiting: 1, neverCameBack: 0 })
    expect(made.neverCameBack).toMatchObject({ total: 0, listed: [] })
  })
})

describe('pools', () => {
  it('are named by the domain that the clients share, with the delay of the whole mail', async () => {
    const client = (at: number) => ({ client: `out${at}.mail.big.co.uk[203.0.${at}.9]` })
    const log = new LogWriter().rejected(client(1)).wait(300).rejected(client(2)).wait(300)
    const made = await report(log.rejected(client(3)).wait(600).accepted('4K68s31RlGzgf9A', client(3)))
    expect(made.pools).toEqual({
      total: 1,
      listed: [
        {
          name: 'big.co.uk',
          by: 'client-name',
          mails: 1,
          accepted: 1,
          networks: 3,
          medianDelay: 1200,
          maxDelay: 1200,
          example: {
            sender: 'alice@example.org',
            recipient: 'bob@mx.test',
            clients: [1, 2, 3].map((at) => `out${at}.mail.big.co.uk[203.0.${at}.9]`),
          },
        },
      ],
    })
    expect(made.outcome).toMatchObject({ cameBack: 1, elsewhere: 2 })
  })

  it('are not made of bounces, nor of mails days apart', async () => {
    const log = new LogWriter()
      .rejected({ sender: '', client: 'a.example[203.0.113.1]' })
      .rejected({ sender: '', client: 'b.example[198.51.100.1]' })
      .rejected()
      .wait(3 * DAY)
      .rejected({ client: 'c.example[203.0.114.1]' })
    expect((await report(log)).pools.total).toBe(0)
  })
})

describe('a log without greylisting', () => {
  it('is said to be one', async () => {
    const made = await report(new LogWriter().accepted('4K68s31RlGzgf9A'))
    expect(made).toMatchObject({ verdict: 'off', greylistingSeen: false, accepted: 1 })
  })

  it('is not one where the greylister only learns or only whitelists', async () => {
    const learning = await report(new LogWriter().greylister('action=pass, reason=learning: new'))
    expect(learning).toMatchObject({ greylistingSeen: true, learned: 1, counts: { greylisted: 0 } })
    const listed = await report(new LogWriter().greylister('action=pass, reason=client whitelist'))
    expect(listed).toMatchObject({ greylistingSeen: true, counts: { whitelisted: 1 } })
  })
})

import { Chalk } from 'chalk'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../../src/maillog/report/shape.js'
import { bar, columns } from '../../../src/ui/report/charts.js'
import { allCsv, tableCsv } from '../../../src/ui/report/csv.js'
import { tablesOf } from '../../../src/ui/report/tables.js'
import { type ReportLook, renderReport } from '../../../src/ui/report/text.js'
import { number, percent } from '../../../src/ui/report/words.js'
import { LogWriter } from '../../maillog/log-writer.js'
import { DAY, makeLog } from '../../maillog/report/truth.js'
import { HOSTILE, reportOf } from './sample.js'

const look: ReportLook = { style: new Chalk({ level: 0 }), width: 80, unicode: true }

/** RFC 4180, as strictly as it can be read. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const records: string[][] = []
  let record: string[] = []
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(text)
    if (match === null) throw new Error(`not RFC 4180 at ${at}: ${text.slice(at, at + 40)}`)
    record.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
    if (match[3] === '\r\n') {
      records.push(record)
      record = []
    }
  }
  return records
}

describe('text, JSON and CSV', () => {
  let made: Report
  beforeAll(async () => {
    made = await reportOf(makeLog(6, 1500).log)
  })

  it('say the same numbers', () => {
    const text = renderReport(made, look)
    const { counts, outcome, delay, neverCameBack, whitelisted } = made
    expect(text).toContain(`${number(counts.greylisted)} first mails were asked to come back.`)
    for (const [value, words] of [
      [outcome.cameBack, 'came back and were accepted'],
      [outcome.elsewhere, 'got through from another network'],
      [outcome.waiting, 'may still come back'],
      [outcome.neverCameBack, 'never came back'],
    ] as const)
      expect(text).toContain(`${number(value)}  ${words} (${percent(value, counts.greylisted)})`)
    for (const { day, greylisted } of made.calendar.days.filter((row) => row.greylisted > 0))
      expect(text).toMatch(new RegExp(`${day} \\w{3} +${number(greylisted)} `))
    for (const { reason, count } of whitelisted) expect(text).toMatch(new RegExp(`${count} +${reason}`))
    const values = new Map(
      parseCsv(tableCsv(tablesOf(made)[0] as never)).map(([measure, value]) => [measure, value]),
    )
    for (const [name, value] of Object.entries({ ...counts, ...outcome, ...made.balance }))
      expect([name, values.get(name)]).toEqual([name, String(value)])
    expect(values.get('delayMedian')).toBe(String(delay.median))
    expect(values.get('looksLegitimate')).toBe(String(neverCameBack.looks.legitimate))
  })

  it('CSV of everything holds what each table holds', () => {
    const tables = tablesOf(made)
    const [head, ...cells] = parseCsv(allCsv(tables))
    expect(head).toEqual(['table', 'row', 'column', 'value'])
    for (const table of tables) {
      const [names = [], ...rows] = parseCsv(tableCsv(table))
      const expected = rows.flatMap((row, at) =>
        names.map((name, place) => [table.id, String(at + 1), name, row[place]]),
      )
      expect(cells.filter(([id]) => id === table.id)).toEqual(expected)
    }
  })

  it('has days and hours in CSV as in JSON', () => {
    const [, days, hours] = tablesOf(made)
    expect(parseCsv(tableCsv(days as never)).slice(1)).toEqual(
      made.calendar.days.map((row) => Object.values(row).map(String)),
    )
    expect(parseCsv(tableCsv(hours as never)).slice(1)).toEqual(
      made.calendar.hours.map((row) => Object.values(row).map(String)),
    )
  })

  it.each([true, false])('fits 80 columns (unicode: %s)', (unicode) => {
    const text = renderReport(made, { ...look, unicode })
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(/[^\x00-\x7f]/.test(text)).toBe(unicode)
  })
})

describe('hostile names', () => {
  let made: Report
  beforeAll(async () => {
    const log = new LogWriter()
    for (const sender of HOSTILE) {
      log.rejected({ sender, recipient: sender, client: 'x.example[203.0.113.9]' })
      log.greylister('action=pass, reason=client whitelist', { sender })
    }
    log.greylister('action=pass, reason==cmd whitelist')
    made = await reportOf(log.wait(2 * DAY).other(), 0)
  })

  it('reach neither a terminal nor a spreadsheet as commands', () => {
    const csv = allCsv(tablesOf(made))
    for (const text of [renderReport(made, look), csv])
      expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u000c\u000e-\u001f\u2028\u202e]/)
    expect(csv).not.toContain('\t')
    for (const record of parseCsv(csv)) for (const field of record) expect(field).not.toMatch(/^\s*[=+\-@]/)
  })

  it('keep their words in CSV', () => {
    const missing = tablesOf(made).find(({ id }) => id === 'never-came-back')
    const senders = parseCsv(tableCsv(missing as never)).map((record) => record[3])
    expect(senders).toContain(`'=HYPERLINK("http://evil.test","x")@evil.test`)
    expect(senders).toContain('<script>window.pwned=1</script>@evil.test')
    expect(senders).toContain('\\x09x@evil.test')
  })
})

describe('words', () => {
  it('say of a log without greylisting that it has none', async () => {
    const none = renderReport(await reportOf(new LogWriter().accepted('4K68s31RlGzgf9A')), look)
    expect(none).toMatch(/^This log holds no greylisting: one mail from strangers was accepted/)
    expect(renderReport(await reportOf(''), look)).toMatch(/^The log is empty\./)
    expect(renderReport(await reportOf(new LogWriter().other()), look)).toMatch(
      /^This log holds no greylisting/,
    )
    const learning = new LogWriter().greylister('action=pass, reason=learning: new')
    expect(renderReport(await reportOf(learning), look)).toMatch(
      /^Nobody was deferred: greylisting only learned/,
    )
  })

  it('say cost and gain of one mail and of many', async () => {
    const one = new LogWriter().rejected().wait(400).accepted('4K68s31RlGzgf9A')
    const text = renderReport(await reportOf(one), look)
    expect(text).toContain('One first mail was asked to come back.')
    expect(text).toContain('One mail had to wait before it was accepted, 6 m 40 s in all')
    expect(text).not.toContain('what it saved')
  })

  it.each([
    [0, 0, '0 %'],
    [1, 1000, 'under 1 %'],
    [999, 1000, 'over 99 %'],
    [1000, 1000, '100 %'],
    [1, 3, '33 %'],
  ])('%d of %d is %s', (part, whole, words) => expect(percent(part, whole)).toBe(words))
})

describe('charts', () => {
  it('draw every part that is there, and no more than the width', () => {
    const drawn = bar(
      [
        { value: 1, shade: 0 },
        { value: 0, shade: 1 },
        { value: 999, shade: 2 },
      ],
      1000,
      { width: 20, unicode: false },
    )
    expect(drawn).toBe(`#${'.'.repeat(19)}`)
  })

  it('draw columns from the floor up', () => {
    expect(columns([0, 1, 4, 8], 2, { columnWidth: 2, unicode: true })).toEqual(['      █', '  ▂ █ █'])
    expect(columns([0, 1, 8], 2, { columnWidth: 2, unicode: false })).toEqual(['    #', '  # #'])
  })
})

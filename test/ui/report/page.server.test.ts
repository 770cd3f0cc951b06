/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRealHost } from '../../../src/host/real.js'
import type { Report } from '../../../src/maillog/report/shape.js'
import { loadPageParts } from '../../../src/setup/report-page.js'
import { renderPage } from '../../../src/ui/report/page.js'
import { tablesOf } from '../../../src/ui/report/tables.js'
import { number } from '../../../src/ui/report/words.js'
import { LogWriter } from '../../maillog/log-writer.js'
import { DAY, makeLog } from '../../maillog/report/truth.js'
import { hasChromium, startChromium } from './chromium.js'
import { HOSTILE, reportOf } from './sample.js'

/** The page of `greyctl report --html` in a real browser. */
const runnable = hasChromium()
if (!runnable) console.log('skipped: chromium cannot be installed here (it needs root and apt-get)')

const directory = mkdtempSync(join(tmpdir(), 'greyctl-page-'))
let browser: Browser
let healthy: Report

interface Opened {
  readonly page: Page
  /** What the console said, errors of the page, dialogs, and everything that it asked for but itself. */
  readonly complaints: string[]
}

async function write(report: Report): Promise<string> {
  const path = join(directory, `page-${Math.random().toString(36).slice(2)}.html`)
  const page = renderPage(report, await loadPageParts(createRealHost()), {
    version: '0.0.0',
    now: 1_795_000_000,
  })
  writeFileSync(path, page)
  return pathToFileURL(path).href
}

async function open(report: Report, width = 1280, colorScheme: 'light' | 'dark' = 'light'): Promise<Opened> {
  const url = await write(report)
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, locale: 'en-GB' })
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => request.url() !== url && complaints.push(request.url()))
  page.on('dialog', (dialog) => complaints.push(dialog.message()))
  await page.goto(url)
  await page.waitForFunction(() => document.querySelectorAll('[data-chart] svg').length > 0)
  return { page, complaints }
}

/** A column of a table as the page shows it now. */
function column(page: Page, table: string, at: number): Promise<string[]> {
  return page.locator(`#table-${table} tbody tr:visible`).evaluateAll(
    (rows, place) =>
      rows.map((row) => {
        const cell = (row as HTMLTableRowElement).cells[place]
        return cell?.dataset.value ?? cell?.textContent ?? ''
      }),
    at,
  )
}

describe.skipIf(!runnable)('the page in Chromium', () => {
  beforeAll(async () => {
    browser = await startChromium()
    healthy = await reportOf(makeLog(7, 800).log, 100)
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(directory, { recursive: true })
  })

  for (const width of [375, 1280])
    for (const scheme of ['light', 'dark'] as const)
      it(`fits ${width} pixels in ${scheme} colours, asks for nothing, and axe finds nothing`, async () => {
        const { page, complaints } = await open(healthy, width, scheme)
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width)
        expect(await page.locator('[data-chart] svg').count()).toBe(4)
        await page.evaluate(axe.source)
        for (const details of await page.locator('details summary').all()) await details.click()
        const violations = await page.evaluate(async () => {
          const { axe } = window as unknown as {
            axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
          }
          const found = await axe.run()
          return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)
        })
        expect(violations).toEqual([])
        expect(complaints).toEqual([])
        await page.close()
      })

  it('shows every column of its tables: side by side, and as cards with their names on a phone', async () => {
    const wide = await open(healthy)
    const cut = await wide.page
      .locator('.scroll')
      .evaluateAll((all) =>
        all
          .filter((place) => place.checkVisibility() && place.scrollWidth > place.clientWidth)
          .map((place) => place.getAttribute('aria-label')),
      )
    expect(cut).toEqual([])
    await wide.page.close()
    const { page } = await open(healthy, 375)
    const row = page.locator('#table-never-came-back tbody tr').first()
    const cells = await row.locator('td').evaluateAll((all) =>
      all.map((cell) => ({
        label: getComputedStyle(cell, '::before').content,
        fits: cell.scrollWidth <= cell.clientWidth && cell.getBoundingClientRect().right <= innerWidth,
      })),
    )
    expect(cells.map(({ label }) => label)).toEqual(
      ['', 'client', 'address', 'sender', 'recipient', 'tries', 'first try', 'last try'].map(
        (label) => `"${label}"`,
      ),
    )
    expect(cells.every(({ fits }) => fits)).toBe(true)
    await page.locator('#table-recipients thead button').nth(1).click()
    expect(await page.locator('#table-recipients th').nth(1).getAttribute('aria-sort')).toBe('descending')
    await page.close()
  })

  it('tells days of different years apart', async () => {
    const stamp = (year: number) =>
      `${year}-11-23T10:00:00+00:00 mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from a.test[192.0.2.1]: 450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted, see http://x; from=<y${year}@a.test> to=<b@mx.test> proto=ESMTP helo=<a>\n`
    const { page } = await open(await reportOf(stamp(2025) + stamp(2026)))
    const titles = await page.locator('[data-chart="days"] svg rect title').allTextContents()
    expect(titles.map((title) => title.slice(0, 10))).toEqual(['2025-11-23', '2026-11-23'])
    expect(await page.locator('[data-chart="days"] svg').textContent()).toContain('23 Nov')
    await page.close()
  })

  it('says the numbers of the other outputs', async () => {
    const { page } = await open(healthy)
    const tables = tablesOf(healthy).filter(({ id, rows }) => id !== 'summary' && rows.length > 0)
    for (const { id, columns, rows } of tables) {
      const shown = columns.filter((one) => one.id !== 'marks')
      for (const [place, one] of shown.entries()) {
        const expected = rows.map((row) => row[columns.indexOf(one)])
        const seen = (await page.locator(`#table-${id} tbody tr`).evaluateAll(
          (all, at) =>
            all.map((row) => {
              const cell = (row as HTMLTableRowElement).cells[at]
              return cell?.dataset.value ?? cell?.textContent ?? ''
            }),
          place,
        )) as string[]
        expect([id, one.id, seen]).toEqual([
          id,
          one.id,
          expected.map((value) =>
            value === null ? (one.kind === 'seconds' ? '1000000000000' : '') : String(value),
          ),
        ])
      }
    }
    const tiles = await page.locator('.tile .big').allTextContents()
    const { counts, outcome } = healthy
    const { cameBack, elsewhere, waiting, neverCameBack } = outcome
    expect(tiles.slice(0, 5)).toEqual(
      [counts.greylisted, cameBack, elsewhere, waiting, neverCameBack].map(number),
    )
    const titles = await page.locator('[data-chart="days"] svg rect title').allTextContents()
    const { days } = healthy.calendar
    const parts = days.flatMap((day) => [day.cameBack, day.elsewhere, day.waiting, day.neverCameBack])
    expect(titles).toHaveLength(parts.filter((count) => count > 0).length)
    const drawn = titles.map((title) => Number(/: (\d+) /.exec(title)?.[1]))
    expect(drawn.reduce((a, b) => a + b, 0)).toBe(counts.greylisted)
    await page.close()
  })

  it('is operated by keyboard: colours, sorting, filtering', async () => {
    const { page, complaints } = await open(healthy)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(await background()).toBe('rgb(20, 23, 28)')
    await page.keyboard.press('Space')
    expect(await background()).toBe('rgb(244, 245, 247)')

    const head = page.locator('#table-recipients thead th')
    await head.nth(1).locator('button').focus()
    await page.keyboard.press('Enter')
    expect(await head.nth(1).getAttribute('aria-sort')).toBe('descending')
    const largest = (await column(page, 'recipients', 1)).map(Number)
    expect(largest).toEqual([...largest].sort((a, b) => b - a))
    await page.keyboard.press('Enter')
    expect(await head.nth(1).getAttribute('aria-sort')).toBe('ascending')
    expect((await column(page, 'recipients', 1)).map(Number)).toEqual(largest.toReversed())
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Space')
    const names = await column(page, 'recipients', 0)
    expect(names).toEqual([...names].sort())
    expect(await page.locator('#table-recipients th[aria-sort]').count()).toBe(1)

    await page.getByLabel('Filter top recipients').focus()
    await page.keyboard.type('USER3')
    expect(await column(page, 'recipients', 0)).toEqual(['user3@mx.test'])
    expect(await page.locator('[data-filter="table-recipients"] output').textContent()).toBe('1 of 7 rows')
    expect(complaints).toEqual([])
    await page.close()
  })

  it('shows hostile names as text and runs nothing', async () => {
    const log = new LogWriter()
    for (const sender of HOSTILE) log.rejected({ sender, recipient: sender, helo: sender })
    log.greylister('action=pass, reason=whitelist <img src=x onerror=window.pwned=1>')
    log.rejected({ client: '<svg/onload=window.pwned=1>[203.0.113.9]' })
    const { page, complaints } = await open(await reportOf(log.wait(2 * DAY).other(), 0), 375)
    for (const details of await page.locator('details summary').all()) await details.click()
    const senders = await column(page, 'never-came-back', 3)
    expect(senders).toContain('<script>window.pwned=1</script>@evil.test')
    expect(senders).toContain('</script><img src=x onerror=window.pwned=1>@evil.test')
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false)
    expect(await page.locator('img, svg[onload], iframe').count()).toBe(0)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(375)
    expect(complaints).toEqual([])
    await page.close()
  })

  it('is forbidden to run another script or to use the network', async () => {
    const { page, complaints } = await open(healthy)
    const tried = await page.evaluate(async () => {
      const script = document.createElement('script')
      script.textContent = 'window.pwned = 1'
      document.body.append(script)
      const fetched = await fetch('http://127.0.0.1:9/').then(
        () => 'fetched',
        () => 'refused',
      )
      return [fetched, 'pwned' in window]
    })
    expect(tried).toEqual(['refused', false])
    expect(complaints.join()).toContain('Content Security Policy')
    await page.close()
  })
})

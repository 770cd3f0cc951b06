/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, startChromium } from '../ui/report/chromium.js'

const SITE = join(import.meta.dirname, '../../site')
const DIST = join(SITE, 'dist')
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
}
const run = promisify(execFile)
const runnable = hasChromium()
if (!runnable) console.log('skipped: chromium cannot be installed here (it needs root and apt-get)')

let server: Server
let browser: Browser
let base: string

/** Builds it, which ends with an error for a dead link, and serves it. */
beforeAll(async () => {
  if (!runnable) return
  if (!existsSync(join(SITE, 'node_modules/vitepress'))) {
    await run('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: SITE })
  }
  await run('npm', ['run', 'build'], { cwd: SITE })
  server = createServer(({ url = '/' }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://site').pathname).replace(/\/$/, '/index.html')
    const file = join(DIST, path)
    if (!existsSync(file)) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' })
    response.end(readFileSync(file))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  browser = await startChromium()
})
afterAll(async () => {
  await browser?.close()
  server?.close()
})

describe.runIf(runnable)('the site', () => {
  it('has a page for each page of docs/', () => {
    const pages = readdirSync('docs', { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.md') && name !== 'README.md')
    const missing = pages
      .map((name) => name.replace(/README\.md$/, 'index.md').replace(/\.md$/, '.html'))
      .filter((name) => !existsSync(join(DIST, name)))
    expect(missing).toEqual([])
  })

  it('leads from its first page to every page of its index, asks nobody else, and has nothing to complain of', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const complaints: string[] = []
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on(
      'response',
      (response) => response.status() >= 400 && complaints.push(`${response.status()} ${response.url()}`),
    )
    page.on('request', (request) => !request.url().startsWith(base) && complaints.push(request.url()))
    await page.goto(`${base}/documentation.html`)
    const links = await page
      .locator('.VPSidebar a')
      .evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).href))
    expect(links.length).toBeGreaterThan(25)
    for (const link of new Set(links.map((one) => one.replace(/#.*/, '')))) {
      await page.goto(link)
      expect(await page.locator('main h1').count(), link).toBe(1)
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  it('shows the recording, and fits a phone', async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 800 } })
    for (const name of ['index', 'commands/install', 'comparison', 'problems/index', 'benchmarks']) {
      await page.goto(`${base}/${name}.html`)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(wide, name).toBeLessThanOrEqual(0)
    }
    await page.goto(`${base}/index.html`)
    const image = page.locator('main img').first()
    await image.scrollIntoViewIfNeeded()
    expect(await image.evaluate((one) => (one as HTMLImageElement).naturalWidth)).toBeGreaterThan(500)
    await page.close()
  })

  it('shows tables and the recording whole at the width of a desktop', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    for (const name of ['index', 'comparison', 'scale', 'several-mx', 'how-to/backup']) {
      await page.goto(`${base}/${name}.html`)
      const cut = await page
        .locator('.vp-doc :is(table, p:has(> img))')
        .evaluateAll((all) => all.map((one) => one.scrollWidth - one.clientWidth))
      expect(Math.max(0, ...cut), name).toBe(0)
    }
    await page.close()
  })

  it('finds what is looked for, without a server', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.goto(`${base}/index.html`)
    await page.locator('.VPNavBarSearch button').click()
    await page.locator('#localsearch-input').fill('postscreen deep tests')
    await page.locator('#localsearch-list a').first().waitFor()
    const found = await page
      .locator('#localsearch-list a')
      .evaluateAll((all) => all.map((one) => (one as HTMLAnchorElement).pathname))
    expect(found.join(' ')).toContain('postscreen')
    await page.close()
  })
})

/** Makes the pictures in docs/ from a made-up log, with Debian's chromium: npm run screenshots (after npm run build). */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { sampleLog } from './sample-log.mjs'

const root = join(import.meta.dirname, '..')
const target = join(root, 'docs/screenshots')
const scratch = mkdtempSync(join(tmpdir(), 'greyctl-screenshots-'))
const [log, page] = ['mail.log', 'report.html'].map((name) => join(scratch, name))

const SHOTS = [
  { name: 'report-light', width: 1280, height: 1130, colorScheme: 'light' },
  { name: 'report-dark', width: 1280, height: 1130, colorScheme: 'dark' },
  { name: 'report-missing', width: 1280, height: 1000, colorScheme: 'light', at: 'Who never came back' },
  { name: 'report-phone', width: 375, height: 812, colorScheme: 'dark' },
  { name: 'report-phone-missing', width: 375, height: 812, colorScheme: 'light', at: 'Who never came back' },
]

try {
  writeFileSync(log, sampleLog())
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'bin/run.js'), 'report', '--log', log, '--html', page],
    { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, TZ: 'UTC' } },
  )
  if (status !== 0) process.exit(1)
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
    ],
  })
  mkdirSync(target, { recursive: true })
  for (const { name, width, height, colorScheme, at } of SHOTS) {
    const tab = await browser.newPage({ viewport: { width, height }, colorScheme })
    await tab.goto(`file://${page}`)
    await tab.waitForSelector('[data-chart] svg')
    if (at)
      await tab
        .getByRole('heading', { name: at })
        .evaluate((heading) => heading.parentElement.scrollIntoView())
    await tab.screenshot({ path: join(target, `${name}.png`) })
  }
  await browser.close()
} finally {
  rmSync(scratch, { recursive: true })
}

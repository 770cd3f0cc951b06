import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { installPackages } from '../../debian.mjs'

const PROGRAM = '/usr/bin/chromium'

/** Is Debian's chromium here, or can it be installed? */
export function hasChromium(): boolean {
  if (existsSync(PROGRAM)) return true
  return installPackages('chromium') && existsSync(PROGRAM)
}

/** Without a sandbox, for tests run as root, and without anything that would ask the network. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: PROGRAM,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
}

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Host } from '../host/host.js'
import { programRoot, readOwn } from './program.js'

/** The page of `greyctl report --html`, without a report in it. */
export interface PageParts {
  /** With `{{names}}` to fill in. */
  readonly skeleton: string
  readonly style: string
  readonly script: string
  /** Base64, as a Content-Security-Policy names the script. */
  readonly scriptHash: string
  /** What the licences of the libraries in the script want to be said. */
  readonly licences: string
}

/** Reads what templates/report and the build made, through a host whose root is `/`. */
export async function loadPageParts(host: Host): Promise<PageParts> {
  const root = await programRoot(host)
  const [skeleton, style, script, licences] = await Promise.all([
    readOwn(host, join(root, 'templates/report/page.html')),
    readOwn(host, join(root, 'dist/report-page/page.css')),
    readOwn(host, join(root, 'dist/report-page/page.js')),
    readOwn(host, join(root, 'dist/report-page/licences.txt')),
  ])
  const scriptHash = createHash('sha256').update(script).digest('base64')
  return { skeleton, style, script, scriptHash, licences }
}

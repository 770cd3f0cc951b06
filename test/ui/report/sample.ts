import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRealHost } from '../../../src/host/real.js'
import { reportLog } from '../../../src/maillog/report/report-log.js'
import type { Report } from '../../../src/maillog/report/shape.js'
import type { LogWriter } from '../../maillog/log-writer.js'

/** The report of a written log. */
export async function reportOf(log: LogWriter | string, top = 10): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'greyctl-sample-'))
  const path = join(directory, 'mail.log')
  writeFileSync(path, log.toString())
  try {
    return await reportLog(createRealHost(), { files: [path], top })
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** What an attacker would like a terminal, a spreadsheet or a browser to do. */
export const HOSTILE = [
  '<script>window.pwned=1</script>@evil.test',
  '</script><img src=x onerror=window.pwned=1>@evil.test',
  '=HYPERLINK("http://evil.test","x")@evil.test',
  '+1@evil.test',
  '-1@evil.test',
  '@evil.test',
  '\tx@evil.test',
  '"quoted,\'name\'"@evil.test',
  '\u001b]0;owned\u0007@evil.test',
  'a\u2028b\u202ec@evil.test',
  '<!--<script>@evil.test',
  '&lt;b&gt;@evil.test',
  '$&$`$1@evil.test',
] as const

import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'
import { lineOf, readTextFile } from './text-file.js'

/** greyctl is to learn from outbound mail. */
export interface Outbound {
  /** The line of greyctl.toml that says so. */
  readonly where: Evidence
  /** Own networks are named there, whose mail counts as that of users. */
  readonly networks: boolean
}

const FILE = '/etc/greyctl/greyctl.toml'

/** null: it is not. Reads what people write there, `[outbound]` and below it `learn = true`; the daemon reads all of TOML. */
export async function gatherOutbound({ host }: GatherContext<Facts>): Promise<Outbound | null> {
  const file = await readTextFile(host, FILE)
  let table = ''
  let line = 0
  let networks = false
  for (const [index, whole] of (file?.text ?? '').split('\n').entries()) {
    const text = whole.replace(/#.*/, '').trim()
    table = /^\[\s*([^[\]]+?)\s*\]$/.exec(text)?.[1] ?? table
    const key = table === '' ? text : `${table}.${text}`
    if (/^outbound\s*\.\s*learn\s*=\s*true$/.test(key)) line = index + 1
    if (/^outbound\s*\.\s*networks\s*=\s*\[\s*[^\s\]]/.test(key)) networks = true
  }
  return file === undefined || line === 0 ? null : { where: lineOf(file, line), networks }
}

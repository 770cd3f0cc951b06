import type { Host } from '../../host/host.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'
import { lineOf, readTextFile } from './text-file.js'

export interface Fail2banFact {
  /** The line that switches a jail for Postfix on; undefined when there is none. */
  readonly jail: Evidence | undefined
  /** Lines that tell it which units' entries of the journal to read for Postfix. */
  readonly journalMatches: readonly Evidence[]
}

const FILTERS = ['/etc/fail2ban/filter.d/postfix.conf', '/etc/fail2ban/filter.d/postfix.local']

export async function gatherFail2ban({ host }: GatherContext<Facts>): Promise<Fail2banFact> {
  const names = (await host.list('/etc/fail2ban/jail.d')) ?? []
  const paths = [
    '/etc/fail2ban/jail.conf',
    ...names.map((name) => `/etc/fail2ban/jail.d/${name}`),
    '/etc/fail2ban/jail.local',
  ]
  let jail: Evidence | undefined
  for (const path of paths.filter((each) => /\.(conf|local)$/.test(each))) {
    const file = await readTextFile(host, path)
    let section = ''
    file?.text.split('\n').forEach((line, at) => {
      section = /^\s*\[([^\]]+)\]/.exec(line)?.[1] ?? section
      const enabled = /^\s*enabled\s*=\s*(\w+)/.exec(line)?.[1]
      if (enabled === undefined || !/^postfix$/.test(section)) return
      jail = /^(true|yes|1|on)$/i.test(enabled) ? lineOf(file, at + 1) : undefined
    })
  }
  return { jail, journalMatches: await journalMatches(host) }
}

async function journalMatches(host: Host): Promise<readonly Evidence[]> {
  const files = await Promise.all(FILTERS.map((path) => readTextFile(host, path)))
  return files.flatMap((file) => {
    const lines = file?.text.split('\n') ?? []
    return lines.flatMap((line, at) =>
      file && /^\s*journalmatch\s*=/.test(line) ? [lineOf(file, at + 1)] : [],
    )
  })
}

import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'
import { lineOf, readTextFile } from './text-file.js'

/** The line that switches a jail for Postfix on; undefined when there is none. */
export async function gatherFail2ban({
  host,
}: GatherContext<Facts>): Promise<{ readonly jail: Evidence | undefined }> {
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
  return { jail }
}

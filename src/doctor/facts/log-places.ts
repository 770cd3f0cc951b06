import type { Host } from '../../host/host.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** Where a mail log may be on this machine. */
export interface LogPlaces {
  readonly files: readonly LogFile[]
  /** missing: there is no journal; empty: it has no line of facility mail; unknown: this user may not see. */
  readonly journal: 'there' | 'empty' | 'missing' | 'unknown'
  /** Programs here that read mail logs, by their path. */
  readonly readers: readonly string[]
}

interface LogFile {
  readonly path: string
  readonly size: number
  /** By the user that looks. */
  readonly readable: boolean
  /** A predecessor that logrotate made. */
  readonly rotated: boolean
}

const DIRECTORY = '/var/log'
const BASES = ['mail.log', 'maillog']
const READERS = ['/usr/bin/postgreyreport', '/usr/sbin/postgreyreport']

export async function gatherLogPlaces({ host, need }: GatherContext<Facts>): Promise<LogPlaces> {
  const own = (await need('settings')).get('maillog_file')
  const names = (await host.list(DIRECTORY).catch(() => undefined)) ?? []
  const paths = names
    .filter((name) => BASES.some((base) => name === base || new RegExp(`^${base}[.-]\\d`).test(name)))
    .map((name) => `${DIRECTORY}/${name}`)
  if (/^\/(?!dev\/)[^$]*$/.test(own)) paths.push(own)
  const files = await Promise.all([...new Set(paths)].map((path) => look(host, path)))
  const readers = await Promise.all(
    READERS.map(async (path) => ((await host.stat(path)) === undefined ? undefined : path)),
  )
  return {
    files: files.filter((file) => file !== undefined),
    journal: await journalState(host),
    readers: readers.filter((path) => path !== undefined),
  }
}

async function look(host: Host, path: string): Promise<LogFile | undefined> {
  const stat = await host.stat(path).catch(() => undefined)
  if (stat?.kind !== 'file') return undefined
  const readable = await host.tail(path, 1).then(
    () => true,
    () => false,
  )
  const rotated = !BASES.some((base) => path.endsWith(`/${base}`)) && /(\.\d|-\d{8})/.test(path)
  return { path, size: stat.size, readable, rotated }
}

async function journalState(host: Host): Promise<LogPlaces['journal']> {
  if (host.root !== '/') return 'unknown'
  const argv = ['journalctl', '--quiet', '--no-pager', '-o', 'cat', '-n', '1', 'SYSLOG_FACILITY=2']
  const result = await host.run(argv, { timeout: 3 })
  if (result.failure === 'ENOENT') return 'missing'
  if (result.exitCode !== 0) return 'unknown'
  if (result.stdout.trim() !== '') return 'there'
  return host.uid === 0 ? 'empty' : 'unknown'
}

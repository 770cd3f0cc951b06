import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import type { Entry } from '../store/store.js'
import { formatDump, type Pair } from './berkeley-dump.js'
import { findTools, POSTGREY_DEFAULTS, POSTGREY_DELAY, spokenOptions, succeed } from './postgrey.js'
import { postgreyPair } from './postgrey-record.js'

const TABLES = { triplets: 'postgrey.db', clients: 'postgrey_clients.db' } as const

/**
 * New tables for postgrey, in its directory and as its user. What was there is kept beside them, in replaced-…; the old
 * logs must not be replayed over new tables. Returns how many records. Throws GreyctlError('store-failed' | 'program-missing')
 * when postgrey runs there.
 */
export async function writePostgrey(
  host: Host,
  entries: readonly Entry[],
  directory: string,
): Promise<number> {
  const owner = await host.stat(directory)
  if (owner?.kind !== 'directory') {
    throw new GreyctlError('store-failed', 'there is no such directory', {
      where: directory,
      hints: ['install postgrey first: it makes its directory, /var/lib/postgrey on Debian'],
    })
  }
  await assertStopped(host, directory)
  const tools = await findTools(host)
  const { delay = POSTGREY_DELAY } = spokenOptions(
    (await host.read(POSTGREY_DEFAULTS))?.toString('latin1') ?? '',
  )
  const tables: Record<keyof typeof TABLES, Pair[]> = { triplets: [], clients: [] }
  for (const [key, record] of entries) {
    const pair = postgreyPair(key, record, delay)
    if (pair !== undefined) tables[pair[0]].push([pair[1], pair[2]])
  }
  const identity = host.uid === 0 ? { uid: owner.uid, gid: owner.gid } : {}
  await keepOld(host, directory, owner)
  for (const name of ['triplets', 'clients'] as const) {
    const path = `${directory}/${TABLES[name]}`
    await succeed(host, [tools.load, path], path, { ...identity, input: formatDump(tables[name]) })
    await succeed(host, ['chmod', '0600', path], path)
  }
  return tables.triplets.length + tables.clients.length
}

/** postgrey holds a lock on this file as long as it lives; it does not share its tables. */
async function assertStopped(host: Host, directory: string): Promise<void> {
  const file = `${directory}/postgrey.lock`
  if ((await host.stat(file)) === undefined) return
  const { exitCode } = await host.run(['flock', '--nonblock', file, 'true'])
  if (exitCode === 0) return
  throw new GreyctlError('store-failed', 'postgrey runs on these tables', {
    where: directory,
    hints: ['stop it first: systemctl stop postgrey (mail passes ungreylisted meanwhile)'],
  })
}

async function keepOld(host: Host, directory: string, owner: { uid: number; gid: number }): Promise<void> {
  const names = ((await host.list(directory)) ?? []).filter((name) =>
    /^(?:postgrey(?:_clients)?\.db|log\.\d{10}|__db\.\d+)$/.test(name),
  )
  if (names.length === 0) return
  const stamp = new Date(host.now() * 1000).toISOString().replace(/[-:]|\.\d+/g, '')
  const kept = `${directory}/replaced-${stamp}`
  await host.makeDirectory(kept, { ...owner, mode: 0o700 })
  await succeed(host, ['mv', '--', ...names.map((name) => `${directory}/${name}`), kept], directory)
}

import { randomBytes } from 'node:crypto'
import { GreyctlError } from '../errors.js'
import type { Host, RunOptions } from '../host/host.js'
import { readDump } from './berkeley-dump.js'
import { textLines } from './lines.js'
import {
  clientRecord,
  type Imported,
  isHashed,
  type PostgreyRules,
  tripletRecord,
} from './postgrey-record.js'

export const POSTGREY_DIRECTORY = '/var/lib/postgrey'
export const POSTGREY_DEFAULTS = '/etc/default/postgrey'
/** Seconds; what its manual says. */
export const POSTGREY_DELAY = 300

/** What came of reading another greylister's store. */
export interface Found {
  readonly entries: readonly Imported[]
  /** Records of it, by what they are. */
  readonly counts: { readonly triplets: number; readonly clients: number; readonly unreadable: number }
  /** In plain words, what the administrator should know. */
  readonly notes: readonly string[]
}

export interface PostgreyOptions {
  readonly directory: string
  /** Seconds; undefined: as /etc/default/postgrey says, else postgrey's default. */
  readonly delay: number | undefined
  readonly ipv4Prefix: number
  readonly ipv6Prefix: number
}

/**
 * Everything that postgrey knows, also while it runs. Its file alone is hours behind, so the way of Berkeley DB's own
 * hot backup is gone: a checkpoint, a copy of the tables, then of the logs, and recovery of the copy. postgrey's files are
 * only read. Throws GreyctlError('store-failed' | 'program-missing').
 */
export async function readPostgrey(host: Host, options: PostgreyOptions): Promise<Found> {
  const { directory } = options
  const names = await host.list(directory)
  if (!names?.includes('postgrey.db')) {
    throw new GreyctlError('store-failed', 'there is no postgrey.db', {
      where: directory,
      hints: [
        '--dbdir DIR says where postgrey keeps it (its own option of that name; Debian: /var/lib/postgrey)',
      ],
    })
  }
  const tools = await findTools(host)
  const owner = await host.stat(directory)
  if (names.some((name) => name.startsWith('__db.'))) {
    // as its owner: the files of the environment stay postgrey's
    await host.run([tools.checkpoint, '-1', '-h', directory], {
      ...(host.uid === 0 && owner ? { uid: owner.uid, gid: owner.gid } : {}),
    })
  }
  const copy = await copyTables(host, directory, names)
  try {
    await succeed(host, [tools.recover, '-c', '-h', copy], directory)
    const spoken = spokenOptions((await host.read(POSTGREY_DEFAULTS))?.toString('latin1') ?? '')
    const delay = options.delay ?? spoken.delay ?? POSTGREY_DELAY
    return await readTables(host, tools.dump, copy, { ...options, delay }, spoken)
  } finally {
    await host.removeTree(copy)
  }
}

/** Debian's db5.3-util; elsewhere, and in its db-util, the programs have no version in their names. */
export async function findTools(host: Host) {
  for (const prefix of ['db5.3_', 'db_']) {
    const { failure } = await host.run([`${prefix}dump`, '-V'])
    if (failure === undefined) {
      return {
        checkpoint: `${prefix}checkpoint`,
        recover: `${prefix}recover`,
        dump: `${prefix}dump`,
        load: `${prefix}load`,
      }
    }
  }
  throw new GreyctlError('program-missing', "Berkeley DB's programs are needed to read postgrey's store", {
    hints: ['apt-get install db5.3-util (elsewhere: the package with db_dump, for Berkeley DB 5.3)'],
  })
}

/** Tables first, logs after: what changes between is in the logs, and recovery brings it in. Root's own directory. */
async function copyTables(host: Host, directory: string, names: readonly string[]): Promise<string> {
  const sizes = await Promise.all(names.map((name) => host.stat(`${directory}/${name}`)))
  const needed = 2 * sizes.reduce((sum, stat) => sum + (stat?.size ?? 0), 0)
  // memory, which forgets by itself, unless it is too much for it
  const place = (await host.freeBytes('/run')) > needed ? '/run' : '/var/lib'
  const copy = `${place}/greyctl-import-${randomBytes(6).toString('hex')}`
  await host.makeDirectory(copy, { uid: host.uid, gid: 0, mode: 0o700 })
  const tables = names.filter((name) => /^postgrey(?:_clients)?\.db$/.test(name))
  for (const name of tables) await succeed(host, ['cp', '--', `${directory}/${name}`, copy], directory)
  const logs = ((await host.list(directory)) ?? []).filter((name) => /^log\.\d{10}$/.test(name))
  // one that postgrey removes meanwhile is not needed any more
  if (logs.length > 0) await host.run(['cp', '--', ...logs.map((name) => `${directory}/${name}`), copy])
  return copy
}

async function readTables(
  host: Host,
  dump: string,
  copy: string,
  rules: PostgreyRules,
  spoken: SpokenOptions,
): Promise<Found> {
  const entries: Imported[] = []
  const counts = { triplets: 0, clients: 0, unreadable: 0 }
  let hashed = 0
  let single = false
  const take = (key: string, record: Imported | undefined, kind: 'triplets' | 'clients') => {
    if (record !== undefined) {
      entries.push(record)
      counts[kind] += 1
    } else {
      counts.unreadable += 1
      if (isHashed(key)) hashed += 1
    }
  }
  const lines = (name: string) => textLines(host.runStream([dump, `${copy}/${name}`]))
  for await (const [key, value] of readDump(lines('postgrey.db'))) {
    single ||= /^[^/]+\/(?:32|128)\//.test(key)
    take(key, tripletRecord(key, value, rules), 'triplets')
  }
  if ((await host.stat(`${copy}/postgrey_clients.db`)) !== undefined) {
    for await (const [key, value] of readDump(lines('postgrey_clients.db'))) {
      take(key, clientRecord(key, value), 'clients')
    }
  }
  return { entries, counts, notes: notesOn({ hashed, single, rules, spoken }) }
}

interface SpokenOptions {
  readonly delay: number | undefined
  readonly ipv4Prefix: number
}

/** What POSTGREY_OPTS of Debian's /etc/default/postgrey says. */
export function spokenOptions(text: string): SpokenOptions {
  const value = /^\s*POSTGREY_OPTS=(["']?)(.*?)\1[ \t]*$/m.exec(text)?.[2] ?? ''
  const option = (name: string) => {
    const found = new RegExp(`(?:^|\\s)--?${name}[=\\s](\\d+)`).exec(value)?.[1]
    return found === undefined || Number(found) === 0 ? undefined : Number(found)
  }
  return { delay: option('delay'), ipv4Prefix: option('ipv4cidr') ?? 24 }
}

function notesOn(seen: {
  hashed: number
  single: boolean
  rules: PostgreyRules
  spoken: SpokenOptions
}): readonly string[] {
  const { hashed, single, rules, spoken } = seen
  const notes: string[] = []
  if (hashed > 0) {
    notes.push(
      `${hashed} records are hashes (postgrey --privacy): nobody can tell of whom, so they stay behind; these senders wait once more`,
    )
  }
  if (single && rules.ipv4Prefix < 32) {
    notes.push(
      `postgrey knew single addresses (--lookup-by-host); here a whole /${rules.ipv4Prefix} counts as one client, so more retries are recognised`,
    )
  }
  if (!single && spoken.ipv4Prefix < rules.ipv4Prefix) {
    notes.push(
      `postgrey knew networks of /${spoken.ipv4Prefix}, the daemon looks for /${rules.ipv4Prefix}: give it --ipv4cidr=${spoken.ipv4Prefix}, or these senders wait once more`,
    )
  }
  return notes
}

export async function succeed(
  host: Host,
  argv: readonly string[],
  where: string,
  options: RunOptions = {},
): Promise<void> {
  const { exitCode, stderr, failure } = await host.run(argv, { timeout: 600, ...options })
  if (exitCode === 0) return
  throw new GreyctlError('store-failed', `${argv[0]} failed: ${stderr.trim() || failure}`, { where })
}

import { GreyctlError } from '../errors.js'
import { formatAddress, maskAddress, parseAddress } from '../greylist/address.js'
import { CLIENT, stableSender, tripletKey } from '../greylist/key.js'
import type { Host } from '../host/host.js'
import { textLines } from './lines.js'
import type { Found } from './postgrey.js'
import type { Imported } from './postgrey-record.js'
import { type Row, readSqlDump } from './sql-dump.js'

export const SQLGREY_FILE = '/var/lib/sqlgrey/sqlgrey.db'

/** Its tables, with the order of their columns (sqlgrey 1.8.0, create_*_table). */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  connect: ['sender_name', 'sender_domain', 'src', 'rcpt', 'first_seen'],
  from_awl: ['sender_name', 'sender_domain', 'src', 'first_seen', 'last_seen'],
  domain_awl: ['sender_domain', 'src', 'first_seen', 'last_seen'],
}

export interface SqlgreyRules {
  /** How often a client has to pass before it is whitelisted; 0: never. */
  readonly autoWhitelist: number
  readonly ipv4Prefix: number
  readonly ipv6Prefix: number
}

/**
 * Everything that sqlgrey knows: its SQLite file (through the sqlite3 program), or a dump as text of whatever database it
 * uses. Throws GreyctlError('store-failed' | 'program-missing').
 */
export async function readSqlgrey(host: Host, path: string, rules: SqlgreyRules): Promise<Found> {
  const stat = await host.stat(path)
  const file = stat?.kind === 'directory' ? `${path}/sqlgrey.db` : path
  if ((await host.stat(file)) === undefined) {
    throw new GreyctlError('store-failed', 'there is no such file', {
      where: file,
      hints: [
        '--dbdir FILE names its SQLite file, or a dump: pg_dump sqlgrey >FILE, mysqldump sqlgrey >FILE',
      ],
    })
  }
  const lines = textLines((await isSqlite(host, file)) ? await sqliteDump(host, file) : host.stream(file))
  try {
    return await collect(readSqlDump(lines, new Set(Object.keys(COLUMNS))), rules)
  } catch (cause) {
    if (cause instanceof GreyctlError) throw cause
    throw new GreyctlError('store-failed', (cause as Error).message, { where: file, cause })
  }
}

async function isSqlite(host: Host, file: string): Promise<boolean> {
  for await (const chunk of host.stream(file))
    return chunk.subarray(0, 15).toString('latin1') === 'SQLite format 3'
  return false
}

async function sqliteDump(host: Host, file: string): Promise<AsyncIterable<Buffer>> {
  const { failure } = await host.run(['sqlite3', '-version'])
  if (failure !== undefined) {
    throw new GreyctlError('program-missing', "the program sqlite3 is needed to read sqlgrey's store", {
      hints: ['apt-get install sqlite3'],
    })
  }
  return host.runStream(['sqlite3', '-readonly', '-cmd', '.timeout 5000', file, '.dump'])
}

async function collect(rows: AsyncIterable<Row>, rules: SqlgreyRules): Promise<Found> {
  const entries: Imported[] = []
  const counts = { triplets: 0, clients: 0, unreadable: 0 }
  let networks = 0
  for await (const { table, columns = COLUMNS[table] ?? [], values } of rows) {
    const field = (name: string) => values[columns.indexOf(name)] ?? ''
    const source = parseSource(field('src'))
    const first = seconds(field('first_seen'))
    if (source === undefined || first === undefined) {
      counts.unreadable += 1
    } else if (table === 'connect') {
      entries.push(waiting(source, field, first, rules))
      counts.triplets += 1
    } else {
      const last = seconds(field('last_seen')) ?? first
      entries.push(...passing(source, { first, last }, rules))
      counts.clients += 1
      if (source.prefix === 24) networks += 1
    }
  }
  return { entries, counts, notes: notesOn(networks, counts.clients, rules) }
}

interface Source {
  readonly bytes: readonly number[]
  readonly prefix: number
}

/** A whole address, or the first three numbers of one: sqlgrey's class C (greymethod). */
function parseSource(text: string): Source | undefined {
  const whole = parseAddress(text)
  if (whole !== undefined) return { bytes: whole, prefix: whole.length * 8 }
  const network = /^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text) ? parseAddress(`${text}.0`) : undefined
  return network && { bytes: network, prefix: 24 }
}

/** In SQLite epoch seconds; else `2026-11-24 09:15:00`, with a fraction or a zone from PostgreSQL; without a zone it is this machine's time. */
function seconds(text: string): number | undefined {
  if (/^\d{9,10}$/.test(text)) return Number(text)
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?([+-]\d\d(?::?\d\d)?)?$/.exec(text)
  if (!found) return undefined
  const zone = found[3] === undefined ? '' : found[3].length === 3 ? `${found[3]}:00` : found[3]
  const time = Date.parse(`${found[1]}T${found[2]}${zone}`)
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000)
}

function waiting(
  { bytes }: Source,
  field: (name: string) => string,
  first: number,
  rules: SqlgreyRules,
): Imported {
  const prefix = bytes.length === 4 ? rules.ipv4Prefix : rules.ipv6Prefix
  const [name, domain] = [field('sender_name'), field('sender_domain')]
  // its word for what is missing: a bounce has neither
  const sender = [name, domain].filter((part) => part !== '-undef-').join('@')
  const key = tripletKey({
    network: formatAddress(maskAddress(bytes, prefix)),
    sender: stableSender(sender).toLowerCase(),
    recipient: field('rcpt').toLowerCase(),
  })
  return [key, { first, last: first, count: 0 }]
}

/**
 * Who is on one of its two automatic whitelists has passed: with any recipient, so that no triplet says it. The client
 * counts as whitelisted; of a class C all 256 addresses, since sqlgrey does not keep which of them it was.
 */
function passing(
  { bytes, prefix }: Source,
  { first, last }: { first: number; last: number },
  { autoWhitelist }: SqlgreyRules,
): Imported[] {
  const record = { first, last, count: Math.max(1, autoWhitelist) }
  const client = (address: readonly number[]): Imported => [CLIENT + formatAddress(address), record]
  if (prefix !== 24) return [client(bytes)]
  return Array.from({ length: 256 }, (_, host) => client([...bytes.slice(0, 3), host]))
}

function notesOn(networks: number, clients: number, { autoWhitelist }: SqlgreyRules): readonly string[] {
  const notes: string[] = []
  if (networks > 0) {
    notes.push(
      `sqlgrey knew ${networks} networks (class C) by heart: each of their 256 addresses is now a whitelisted client`,
    )
  }
  if (clients > 0 && autoWhitelist === 0) {
    notes.push(
      'the daemon runs with --auto-whitelist-clients=0, so that what sqlgrey whitelisted waits once more',
    )
  }
  return notes
}

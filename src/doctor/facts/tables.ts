import type { Host } from '../../host/host.js'
import { listWords } from '../../postfix/restriction-list.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'
import { lineOf } from './text-file.js'

/** A lookup table that the configuration names (DATABASE_README). */
export interface Table {
  readonly type: string
  /** The file, or what stands behind the colon. */
  readonly name: string
  /** The parameter, and its line. */
  readonly parameter: string
  readonly where: Evidence
  readonly inRestriction: boolean
  readonly source: FileState | undefined
  /** The index that postmap makes; undefined where the type has none, or it is missing. */
  readonly index: FileState | undefined
  /** What Postfix's own program said about it when it looked something up; empty: nothing. */
  readonly complaints: readonly string[]
}

export interface FileState {
  readonly path: string
  readonly modified: number
  readonly uid: number
  readonly mode: number
  readonly size: number
}

/** Types that read a file as it is, and types with an index beside it. */
export const FLAT = new Set(['regexp', 'pcre', 'cidr', 'texthash'])
export const INDEXED: Readonly<Record<string, readonly string[]>> = {
  hash: ['.db'],
  btree: ['.db'],
  lmdb: ['.lmdb'],
  cdb: ['.cdb'],
  dbm: ['.dir', '.pag'],
  sdbm: ['.dir', '.pag'],
}

const SPEC = /^(?:proxy:)?([a-z][a-z0-9]*):(\/\S+)$/
/** Postfix makes these itself. */
const MADE_BY_POSTFIX = /_cache_(database|map)$|^address_verify_map$|_session_cache_database$/
/** Larger tables are not looked up in: reading a million expressions takes its time. */
const LARGEST = 4 * 1024 * 1024

export async function gatherTables(context: GatherContext<Facts>): Promise<readonly Table[]> {
  const named = await findTables(context)
  return Promise.all(named.map((table) => inspect(context, table)))
}

type Named = Omit<Table, 'source' | 'index' | 'complaints'>

async function findTables({ need }: GatherContext<Facts>): Promise<readonly Named[]> {
  const [main, master, settings] = await Promise.all([need('mainCf'), need('masterCf'), need('settings')])
  const found = new Map<string, Named>()
  const add = (parameter: string, value: string, where: () => Evidence) => {
    const text = value.replace(
      /\$(?:\{?config_directory\}?)/g,
      settings.get('config_directory') || '/etc/postfix',
    )
    for (const word of listWords(text)) {
      const match = SPEC.exec(word.replace(/^!/, ''))
      if (match === null) continue
      const [, type = '', name = ''] = match
      if (
        [
          'unix',
          'inet',
          'smtp',
          'lmtp',
          'relay',
          'local',
          'check',
          'http',
          'https',
          'tcp',
          'socketmap',
        ].includes(type)
      )
        continue
      if (!found.has(`${type}:${name}`)) {
        found.set(`${type}:${name}`, {
          type,
          name,
          parameter,
          where: where(),
          inRestriction: /_restrictions$/.test(parameter),
        })
      }
    }
  }
  // of several definitions the last one counts
  const effective = new Map(main.cf.definitions.map((definition) => [definition.name, definition]))
  for (const { name, value, line } of effective.values())
    if (!MADE_BY_POSTFIX.test(name)) add(name, value, () => lineOf(main, line))
  for (const service of master.services) {
    for (const { name, value, line } of service.overrides) add(name, value, () => lineOf(master, line))
  }
  return [...found.values()]
}

async function inspect({ host, options }: GatherContext<Facts>, table: Named): Promise<Table> {
  const { type, name } = table
  const source = await fileState(host, name)
  const endings = INDEXED[type]
  const index = endings ? await fileState(host, `${name}${endings[0]}`) : undefined
  const asks = FLAT.has(type) && source !== undefined && source.size <= LARGEST && host.root === '/'
  return { ...table, source, index, complaints: asks ? await lookUp(host, options.configDir, table) : [] }
}

async function fileState(host: Host, path: string): Promise<FileState | undefined> {
  const stat = await host.stat(path).catch(() => undefined)
  if (stat?.kind !== 'file') return undefined
  const { modified, uid, mode, size } = stat
  return { path, modified, uid, mode, size }
}

/** `postmap -q` opens the table as smtpd would: faults of single lines are warnings, and the exit code does not tell. */
async function lookUp(host: Host, configDir: string, { type, name }: Named): Promise<readonly string[]> {
  const argv = ['postmap', '-c', configDir, '-q', 'greyctl-probe.invalid', `${type}:${name}`]
  const { stderr } = await host.run(argv, { timeout: 3 })
  return [...new Set(stderr.split('\n').filter(Boolean))]
    .map((line) => line.replace(/^postmap: /, ''))
    .slice(0, 20)
}

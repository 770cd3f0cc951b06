import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { parseEntry } from '../store/dump.js'
import { type Merged, mergeEntries } from '../store/merge.js'
import { expiredBy, type Query } from '../store/query.js'
import { withStore } from '../store/where.js'
import { textLines } from './lines.js'
import { type Found, POSTGREY_DIRECTORY, readPostgrey } from './postgrey.js'
import { readSqlgrey, SQLGREY_FILE } from './sqlgrey.js'

export interface ImportRequest {
  readonly from: 'greyctl' | 'postgrey' | 'sqlgrey'
  /** File or directory; undefined: where the other keeps it on Debian. */
  readonly path: string | undefined
  /** Seconds. */
  readonly postgreyDelay: number | undefined
}

export interface ImportResult extends Merged {
  readonly from: string
  readonly entriesBefore: number
  readonly entriesAfter: number
  /** Records of the other that could not be taken. */
  readonly unreadable: number
  readonly notes: readonly string[]
}

/** Reads everything first, with the rights of who calls; the store is then written as its owner. */
export async function importStore(host: Host, query: Query, request: ImportRequest): Promise<ImportResult> {
  const { entries, counts, notes } = await read(host, query, request)
  return withStore(query, 'write', async (store) => {
    const { entries: entriesBefore } = await store.stats()
    const merged = await mergeEntries(store, entries, expiredBy(query))
    const { entries: entriesAfter } = await store.stats()
    const { unreadable } = counts
    return { from: request.from, ...merged, unreadable, entriesBefore, entriesAfter, notes }
  })
}

function read(host: Host, { rules }: Query, { from, path, postgreyDelay }: ImportRequest): Promise<Found> {
  if (from === 'postgrey') {
    return readPostgrey(host, { ...rules, directory: path ?? POSTGREY_DIRECTORY, delay: postgreyDelay })
  }
  if (from === 'sqlgrey') return readSqlgrey(host, path ?? SQLGREY_FILE, rules)
  return readExport(host, path)
}

async function readExport(host: Host, path: string | undefined): Promise<Found> {
  if (path === undefined) {
    throw new GreyctlError('usage', 'say what to import: a file, or --from postgrey or sqlgrey', {
      hints: ['see greyctl store import --help'],
    })
  }
  if ((await host.stat(path)) === undefined) {
    throw new GreyctlError('config-unreadable', 'there is no such file', { where: path })
  }
  const entries: Found['entries'][number][] = []
  let line = 0
  for await (const text of textLines(host.stream(path))) {
    line += 1
    try {
      const entry = parseEntry(Buffer.from(text, 'latin1').toString('utf8'))
      if (entry) entries.push(entry)
    } catch (cause) {
      throw new GreyctlError('config-invalid', (cause as Error).message, { where: `${path}:${line}`, cause })
    }
  }
  return { entries, counts: { triplets: 0, clients: 0, unreadable: 0 }, notes: [] }
}

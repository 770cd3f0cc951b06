import type { Host } from '../host/host.js'
import { formatEntry, HEADER } from '../store/dump.js'
import { everyEntry, expiredBy, type Query } from '../store/query.js'
import type { Entry } from '../store/store.js'
import { writePostgrey } from './postgrey-write.js'

export interface ExportRequest {
  readonly to: 'greyctl' | 'postgrey'
  /** A file, or postgrey's directory. */
  readonly output: string
}

export interface ExportResult {
  readonly to: string
  readonly output: string
  readonly exported: number
  /** Expired, or without a word for it there. */
  readonly leftOut: number
}

/** Mail addresses: nobody else is to read them. */
const PRIVATE = { uid: 0, gid: 0, mode: 0o600 }

export async function exportStore(host: Host, query: Query, request: ExportRequest): Promise<ExportResult> {
  const entries: Entry[] = []
  await everyEntry(query, (entry) => entries.push(entry))
  const gone = expiredBy(query)
  const kept = entries.filter(([key, record]) => !gone(key, record))
  const exported =
    request.to === 'postgrey'
      ? await writePostgrey(host, kept, request.output)
      : await toFile(host, kept, request.output)
  return { to: request.to, output: request.output, exported, leftOut: entries.length - exported }
}

async function toFile(host: Host, entries: readonly Entry[], path: string): Promise<number> {
  const text = `${[HEADER, ...entries.map(formatEntry)].join('\n')}\n`
  const meta = { ...PRIVATE, uid: host.uid, gid: host.uid === 0 ? 0 : (process.getgid?.() ?? 0) }
  await host.replace(path, Buffer.from(text), { meta })
  return entries.length
}

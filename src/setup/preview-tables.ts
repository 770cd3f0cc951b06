import { type ClientTable, parseClientTable } from '../greylist/client-table.js'
import type { Host } from '../host/host.js'
import { findTable } from './classify.js'
import { loadTemplate } from './program.js'

export interface PreviewTables {
  /** The one that comes with the program: it tells access lines from servers. */
  readonly lines: ClientTable
  /** This server's, or where it has none the same. */
  readonly selective: ClientTable
}

/** `own`: a host whose root is `/`, for the program's own files. */
export async function previewTables(host: Host, own: Host, configDir: string): Promise<PreviewTables> {
  const [brought, here] = await Promise.all([
    loadTemplate(own, 'check_client_greylist'),
    findTable(host, own, configDir),
  ])
  return {
    lines: parseClientTable(brought.path, brought.text).table,
    selective: parseClientTable(here.path, here.text).table,
  }
}

/** The files below the root, and instead of a list that is not there yet the one that install would write. */
export async function listFiles(host: Host, own: Host, files: readonly string[]): Promise<readonly string[]> {
  const root = host.root === '/' ? '' : host.root
  const found = files.map(async (file) => {
    const isThere = (await host.stat(file).catch(() => undefined)) !== undefined
    const name = file.slice(file.lastIndexOf('/') + 1)
    if (isThere || !file.startsWith('/etc/greyctl/') || name.endsWith('.local')) return root + file
    return (await loadTemplate(own, name)).path
  })
  return Promise.all(found)
}

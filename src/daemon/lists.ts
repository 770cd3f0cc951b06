import { readFileSync } from 'node:fs'
import { type ClientList, parseClientList } from '../greylist/client-list.js'
import type { ListWarning } from '../greylist/list-file.js'
import { parseRecipientList, type RecipientList } from '../greylist/recipient-list.js'

export interface Lists {
  readonly clients: ClientList
  readonly recipients: RecipientList
  /** Lines that say nothing, `path:line: message`. */
  readonly warnings: readonly string[]
  /** Files that could not be read; a missing `.local` is none of them. */
  readonly unread: readonly string[]
}

export function readLists(clientFiles: readonly string[], recipientFiles: readonly string[]): Lists {
  const unread: string[] = []
  const clients = parseClientList(readAll(clientFiles, unread))
  const recipients = parseRecipientList(readAll(recipientFiles, unread))
  const warnings = [...clients.warnings, ...recipients.warnings].map(describe)
  return { clients: clients.list, recipients: recipients.list, warnings, unread }
}

function readAll(paths: readonly string[], unread: string[]): { path: string; text: string }[] {
  return paths.flatMap((path) => {
    try {
      return [{ path, text: readFileSync(path, 'latin1') }]
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' || !path.endsWith('.local')) unread.push(`can't open ${path}: ${code ?? message}`)
      return []
    }
  })
}

function describe({ path, line, message }: ListWarning): string {
  return `${path}:${line}: ${message}`
}

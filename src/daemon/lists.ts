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
  /** What was read. */
  readonly texts: readonly string[]
}

export function readLists(clientFiles: readonly string[], recipientFiles: readonly string[]): Lists {
  const unread: string[] = []
  const [clientTexts, recipientTexts] = [readAll(clientFiles, unread), readAll(recipientFiles, unread)]
  const clients = parseClientList(clientTexts)
  const recipients = parseRecipientList(recipientTexts)
  const warnings = [...clients.warnings, ...recipients.warnings].map(describe)
  const texts = [...clientTexts, ...recipientTexts].map(({ text }) => text)
  return { clients: clients.list, recipients: recipients.list, warnings, unread, texts }
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

import { GreyctlError } from '../errors.js'
import { parseAddress, parseNetwork } from '../greylist/address.js'
import { parseClientList } from '../greylist/client-list.js'
import type { ListText } from '../greylist/list-file.js'
import { type ListFinding, type ListKind, lintLists } from '../greylist/list-lint.js'
import type { Host } from '../host/host.js'

export interface LintRequest {
  /** Those that a person named, with what they hold; empty: those of the daemon. */
  readonly files: readonly string[]
  readonly daemonClients: readonly string[]
  readonly daemonRecipients: readonly string[]
  /** Clients that a log shows; undefined: no log was asked, or it has too many. */
  readonly seen?: Seen | undefined
}

interface Seen {
  /** Verified ones. */
  readonly names: readonly string[]
  readonly addresses: readonly string[]
}

export interface Lint {
  readonly files: readonly string[]
  readonly findings: readonly ListFinding[]
}

/** What is usually read: a `.local` that options leave out is somebody's work that does nothing. */
const USUAL = {
  clients: '/etc/greyctl/whitelist_clients.local',
  recipients: '/etc/greyctl/whitelist_recipients.local',
}

/** Throws GreyctlError('config-unreadable') for a file that was named and is not there. */
export async function lintWhitelists(host: Host, request: LintRequest): Promise<Lint> {
  const named = request.files.length > 0
  const lists: Record<ListKind, readonly string[]> = named
    ? {
        clients: request.files.filter((file) => !isOfRecipients(file)),
        recipients: request.files.filter(isOfRecipients),
      }
    : { clients: request.daemonClients, recipients: request.daemonRecipients }
  const findings: ListFinding[] = []
  const read: string[] = []
  for (const kind of ['clients', 'recipients'] as const) {
    const texts = await textsOf(host, lists[kind], named)
    read.push(...texts.map(({ path }) => path))
    findings.push(...lintLists(kind, texts, host.now()))
    if (kind === 'clients' && request.seen) findings.push(...unmatched(texts, request.seen))
    if (!named) findings.push(...(await unread(host, USUAL[kind], lists[kind])))
  }
  return { files: read, findings: findings.sort(inOrder(read)) }
}

function isOfRecipients(file: string): boolean {
  return /recipient/i.test(file.slice(file.lastIndexOf('/') + 1))
}

async function textsOf(host: Host, files: readonly string[], named: boolean): Promise<readonly ListText[]> {
  const texts: ListText[] = []
  for (const path of files) {
    const content = await host.read(path)
    if (content !== undefined) texts.push({ path, text: content.toString('latin1') })
    else if (named) throw new GreyctlError('config-unreadable', 'there is no such file', { where: path })
  }
  return texts
}

async function unread(host: Host, usual: string, files: readonly string[]): Promise<readonly ListFinding[]> {
  if (files.includes(usual) || (await host.stat(usual)) === undefined) return []
  const message = 'the daemon does not read this file: its options name other lists'
  return [{ id: 'not-read', severity: 'warning', message, path: usual, line: 1, entry: '' }]
}

/** Entries for names, addresses and networks that no client of a log had. */
function unmatched(texts: readonly ListText[], { names, addresses }: Seen): readonly ListFinding[] {
  const bytes = addresses.flatMap((address) => [parseAddress(address) ?? []])
  return texts.flatMap(({ path, text }) =>
    text.split('\n').flatMap((whole, index): readonly ListFinding[] => {
      const entry = whole.replace(/#.*/s, '').trim()
      const { list } = parseClientList([{ path, text: entry }])
      if (list.size === 0 || names.some((name) => list.matches(name, []))) return []
      if (bytes.some((address) => list.matches('', address))) return []
      const message = parseNetwork(entry)
        ? 'no client of the log has such an address'
        : 'no client of the log has such a name'
      return [{ id: 'unmatched', severity: 'info', message, path, line: index + 1, entry }]
    }),
  )
}

function inOrder(files: readonly string[]): (a: ListFinding, b: ListFinding) => number {
  return (a, b) => files.indexOf(a.path) - files.indexOf(b.path) || a.line - b.line
}

import { formatAddress, inNetwork, type Network, parseNetwork } from './address.js'
import { type Complaint, complainOfExpression } from './expression-lint.js'
import type { ListText } from './list-file.js'
import { isBroadName } from './public-names.js'

/** warning: it does something else than whoever wrote it thought; info: it does nothing more, or nobody knows. */
export interface ListFinding extends Complaint {
  readonly path: string
  readonly line: number
  readonly entry: string
}

/** What is in a list: names of clients and networks, or addresses of recipients. */
export type ListKind = 'clients' | 'recipients'

interface Entry {
  readonly path: string
  readonly line: number
  readonly entry: string
  /** Of a date in its comment, or in the one above it; undefined: there is none. */
  readonly reviewed: string | undefined
}

/** Months after which nobody should trust that a sender's servers are what they were. */
const STALE = 36
/** Addresses: an IPv4 /16, an IPv6 /32. */
const BROAD = { 4: 16, 16: 32 } as const

/**
 * What is wrong with lists in postgrey's format, beside what parsing them says: entries that never match, match more than they
 * seem to, say what another one says, or were not looked at for years. Files that are read together are linted together.
 */
export function lintLists(
  kind: ListKind,
  files: readonly ListText[],
  nowSeconds: number,
): readonly ListFinding[] {
  const entries = files.flatMap(entriesOf)
  const known = new Known(kind, entries)
  return entries.flatMap((entry) => {
    const own = complainOf(kind, entry.entry)
    const isDead = own.some(({ id }) => id === 'never-matches')
    const complaints = [
      ...own,
      ...(isDead ? [] : known.complainOf(kind, entry)),
      ...staleness(entry, nowSeconds),
    ]
    return complaints.map((complaint) => ({
      ...complaint,
      path: entry.path,
      line: entry.line,
      entry: entry.entry,
    }))
  })
}

function entriesOf({ path, text }: ListText): readonly Entry[] {
  const entries: Entry[] = []
  let above: string | undefined
  for (const [index, whole] of text.split('\n').entries()) {
    const [entry = '', ...comment] = whole.split('#')
    const date = DATE.exec(comment.join('#'))?.[0]
    if (entry.trim() === '') {
      if (comment.length > 0) above = date ?? (whole.trim() === '#' ? above : undefined)
      continue
    }
    entries.push({ path, line: index + 1, entry: entry.trim(), reviewed: date ?? above })
  }
  return entries
}

const DATE = /\b(?:19|20)\d\d-(?:0[1-9]|1[0-2])\b/

function staleness({ reviewed }: Entry, nowSeconds: number): readonly Complaint[] {
  if (reviewed === undefined) return []
  const now = new Date(nowSeconds * 1000)
  const [year = 0, month = 1] = reviewed.split('-').map(Number)
  const months = (now.getUTCFullYear() - year) * 12 + now.getUTCMonth() + 1 - month
  if (months <= STALE) return []
  return [
    { id: 'stale', severity: 'info', message: `last looked at ${reviewed}: see whether it still holds` },
  ]
}

function complainOf(kind: ListKind, entry: string): readonly Complaint[] {
  const expression = /^\/(\S*)\/$/.exec(entry)?.[1]
  if (expression !== undefined) return complainOfExpression(kind, expression)
  if (kind === 'recipients') return complainOfRecipient(entry)
  const network = parseNetwork(entry)
  return network ? complainOfNetwork(network, entry) : complainOfName(entry)
}

function complainOfName(entry: string): readonly Complaint[] {
  if (/\s/.test(entry))
    return [never('more than one word: only the first line of its kind is read, and this is none')]
  if (/^[\d./:*-]+$/.test(entry))
    return [
      never('neither an address nor a network: write 192.0.2.17, 192.0.2, 192.0.2.0/24 or 2001:db8::/32'),
    ]
  if (entry.includes('@'))
    return [never('clients have host names, and this is a mail address: see [whitelist] senders')]
  if (/[*?]/.test(entry))
    return [
      never(`a name stands for all names below it, and * for itself: write ${entry.replace(/^[*?.]+/, '')}`),
    ]
  if (/[^a-z0-9._-]/i.test(entry)) return [never('no host name has such characters')]
  if (/^unknown$/i.test(entry)) return [broad('every client without a verified name is called unknown')]
  return isBroadName(entry) ? [broad('a public suffix: everybody below it is meant')] : []
}

function complainOfNetwork({ bytes, prefix }: Network, entry: string): readonly Complaint[] {
  const least = BROAD[bytes.length as 4 | 16]
  const base = `${formatAddress(bytes)}/${prefix}`
  const text = entry.split('/')[0] ?? ''
  const stands = parseNetwork(text)
  const moved =
    entry.includes('/') && stands !== undefined && formatAddress(stands.bytes) !== formatAddress(bytes)
  return [
    ...(prefix < least ? [broad(`stands for ${base}, more addresses than one sender has`)] : []),
    ...(moved ? [info('host-bits', `stands for ${base}`)] : []),
  ]
}

function complainOfRecipient(entry: string): readonly Complaint[] {
  if (/\s/.test(entry) || entry.startsWith('@')) return [never('write user@domain, domain, or user@')]
  if (entry.includes('*')) return [never('* stands for itself here')]
  return !entry.includes('@') && isBroadName(entry)
    ? [broad('a public suffix: everybody below it is meant')]
    : []
}

/** All of them together: says an entry anything that no other does? */
class Known {
  readonly #first = new Map<string, Entry>()
  readonly #networks: { readonly network: Network; readonly entry: Entry }[] = []

  constructor(kind: ListKind, entries: readonly Entry[]) {
    for (const entry of entries) {
      const text = plain(entry.entry)
      if (!this.#first.has(text)) this.#first.set(text, entry)
      const network = kind === 'clients' ? parseNetwork(entry.entry) : undefined
      if (network) this.#networks.push({ network, entry })
    }
  }

  complainOf(kind: ListKind, entry: Entry): readonly Complaint[] {
    const text = plain(entry.entry)
    const twin = this.#first.get(text)
    if (twin !== undefined && twin !== entry) return [info('duplicate', `said already in ${placeOf(twin)}`)]
    const network = kind === 'clients' ? parseNetwork(entry.entry) : undefined
    const wider = network ? this.#networkAround(network) : this.#nameAround(text)
    return wider ? [info('shadowed', `${wider.entry} in ${placeOf(wider)} covers it`)] : []
  }

  #networkAround({ bytes, prefix }: Network): Entry | undefined {
    return this.#networks.find(({ network }) => network.prefix < prefix && inNetwork(bytes, network))?.entry
  }

  /** A domain above; for an expression, above all that it matches, or the one name that it spells. */
  #nameAround(text: string): Entry | undefined {
    const spelled = text.startsWith('/') ? spelledEnd(text.slice(1, -1)) : undefined
    if (spelled === undefined && text.startsWith('/')) return undefined
    const name = spelled ?? text
    const at = name.indexOf('@')
    const begin = at >= 0 ? name.slice(at + 1) : spelled === undefined ? after(name) : name
    for (let rest = begin; rest !== ''; rest = after(rest)) {
      const found = this.#first.get(rest)
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** The domain in which an expression's names all end: `example.org` of `^mail\\d+\\.example\\.org$`. undefined: none is sure. */
function spelledEnd(source: string): string | undefined {
  const flat = source.replace(/\([^()]*\)/g, '()')
  const [, before = '', end = ''] = /^(.*?)((?:[a-z0-9-]+\\\.)*[a-z0-9-]+)\$$/i.exec(flat) ?? []
  if (end === '' || flat.includes('|')) return undefined
  const name = end.replace(/\\/g, '').toLowerCase()
  // what is before a dot is a label of its own; anything else is the beginning of the first
  return before === '^' || before.endsWith('\\.') ? name : after(name) || undefined
}

/** One spelling of what means the same. */
function plain(entry: string): string {
  return entry.startsWith('/') ? entry : entry.toLowerCase().replace(/^\.+|\.+$/g, '')
}

function after(domain: string): string {
  const dot = domain.indexOf('.')
  return dot < 0 ? '' : domain.slice(dot + 1)
}

function placeOf({ path, line }: Entry): string {
  return `${path}:${line}`
}

function never(message: string): Complaint {
  return { id: 'never-matches', severity: 'warning', message: `never matches: ${message}` }
}

function broad(message: string): Complaint {
  return { id: 'broad', severity: 'warning', message }
}

function info(id: string, message: string): Complaint {
  return { id, severity: 'info', message }
}

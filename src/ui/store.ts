import type { ChalkInstance } from 'chalk'
import type { Known, KnownTriplet, State } from '../store/known.js'
import type { Merged } from '../store/merge.js'
import type { Allowed, Listing, StoreSummary } from '../store/query.js'
import { duration } from './duration.js'
import { escapeText } from './escape.js'
import { quantity } from './quantity.js'

/** For scripts: times in ISO 8601, texts as UTF-8 where they are. */
export function recordDocument(known: Known): Readonly<Record<string, unknown>> {
  const { type, key, first, last, state } = known
  const times = { state, first: iso(first), last: iso(last) }
  if (type === 'client') return { type, address: known.address, count: known.count, ...times }
  if (type === 'other') return { type, key: readable(key), count: known.count, ...times }
  if (type === 'expected') {
    const { because } = known
    return { type, because, sender: readable(known.sender), recipient: readable(known.recipient), ...times }
  }
  const { network, sender, recipient, passesAt } = known
  return {
    type,
    network,
    sender: readable(sender),
    recipient: readable(recipient),
    ...times,
    passesAt: passesAt === undefined ? null : iso(passesAt),
  }
}

/** The store has a character a byte. What is no UTF-8 stays so. */
export function readable(latin1: string): string {
  const text = Buffer.from(latin1, 'latin1').toString('utf8')
  return text.includes('\ufffd') ? latin1 : text
}

export function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

export function listingDocument({ records, total }: Listing): unknown {
  return { total, records: records.map(recordDocument) }
}

const STATE_STYLE: Readonly<Record<State, keyof ChalkInstance & ('green' | 'yellow' | 'dim' | 'cyan')>> = {
  waiting: 'yellow',
  due: 'cyan',
  passed: 'green',
  counting: 'cyan',
  whitelisted: 'green',
  expected: 'green',
  expired: 'dim',
}

function recordLine(known: Known, now: number, style: ChalkInstance): string {
  const state = style[STATE_STYLE[known.state]](known.state.padEnd(11))
  return `${state} ${escapeText(nameOf(known))}  ${style.dim(timesOf(known, now))}`
}

function nameOf(known: Known): string {
  if (known.type === 'client') return known.address
  if (known.type === 'other') return readable(known.key)
  if (known.type === 'expected') {
    return `${readable(known.sender)} -> ${known.recipient === '' ? 'anybody' : readable(known.recipient)}`
  }
  return `${known.network}  ${mailbox(known.sender)} -> ${readable(known.recipient)}`
}

function mailbox(text: string): string {
  return text === '' ? '<>' : readable(text)
}

function timesOf(known: Known, now: number): string {
  const seen = `last seen ${ago(known.last, now)}`
  if (known.type === 'client') return `passed ${quantity(known.count, 'time')}, ${seen}`
  if (known.type === 'expected') return `${known.because} ${ago(known.first, now)}, until ${iso(known.last)}`
  return `first ${ago(known.first, now)}, ${seen}`
}

function ago(seconds: number, now: number): string {
  return seconds >= now ? 'now' : `${duration(now - seconds)} ago`
}

export function renderListing({ records, total }: Listing, now: number, style: ChalkInstance): string {
  if (total === 0) return 'nothing is known'
  const lines = records.map((known) => recordLine(known, now, style))
  const more =
    total > records.length ? [style.dim(`… ${total - records.length} more (--limit ${total})`)] : []
  return [...lines, ...more].join('\n')
}

/** `store show`: what is known, and what happens next. */
export function renderShown(
  listing: Listing,
  question: {
    readonly text: string
    readonly delay: number
    readonly autoWhitelist: number
    readonly now: number
  },
  style: ChalkInstance,
): string {
  const { text, delay, now } = question
  if (listing.total === 0) {
    return `nothing is known of ${escapeText(text)}: a first mail waits ${duration(delay)}`
  }
  const lines = listing.records.flatMap((known) => [
    recordLine(known, now, style),
    `            ${meaning(known, question)}`,
  ])
  const rest = listing.total - listing.records.length
  return [...lines, ...(rest > 0 ? [`… ${rest} more (--limit ${listing.total})`] : [])].join('\n')
}

export function privateNote(): string {
  return `the store is private (--privacy): of a triplet it knows a hash, found by client, sender and recipient together:
  greyctl store show 192.0.2.25 alice@example.org bob@example.com; greyctl why takes them from the mail log`
}

function meaning(known: Known, { now, autoWhitelist }: { now: number; autoWhitelist: number }): string {
  if (known.state === 'expired') return 'too old to count: the next mail is a first one'
  if (known.type === 'client') {
    return known.state === 'whitelisted'
      ? 'on the automatic whitelist: its mails pass at once'
      : `its mails are greylisted; on the automatic whitelist after ${autoWhitelist}`
  }
  if (known.state === 'passed') return 'passes at once'
  if (known.type === 'expected') return expectedMeaning(known.because)
  if (known.type === 'other') return 'its key was shortened or hashed, and tells no more'
  return nextTry(known, now)
}

function expectedMeaning(because: 'said' | 'written to'): string {
  const who = because === 'said' ? 'greyctl expect --list says who said so' : 'an own user wrote to it'
  return `its mail is not greylisted until then: ${who}`
}

function nextTry({ passesAt = 0, state }: KnownTriplet, now: number): string {
  if (state === 'due') return 'has waited long enough: the next try passes'
  return `a try passes from ${iso(passesAt)} on, in ${duration(passesAt - now)}`
}

export function summaryDocument(summary: StoreSummary): unknown {
  const { spec, entries, bytes, triplets, clients, others, states, oldest, newest } = summary
  const time = (seconds: number | undefined) => (seconds === undefined ? null : iso(seconds))
  return {
    store: spec,
    entries,
    bytes,
    triplets,
    clients,
    others,
    states,
    oldest: time(oldest),
    newest: time(newest),
  }
}

export function renderSummary(summary: StoreSummary, now: number, style: ChalkInstance): string {
  const { spec, entries, bytes, triplets, clients, others, states, oldest } = summary
  const rows: (readonly [number | string, string])[] = [
    [entries, `records, ${size(bytes)} in ${spec}`],
    [
      triplets + others,
      `triplets: ${states.passed} have passed, ${states.waiting} wait, ${states.due} may come back now`,
    ],
    ...(others === 0 ? [] : [[others, 'of these have keys that do not tell whose they are'] as const]),
    [clients, `clients: ${states.whitelisted} on the automatic whitelist, ${states.counting} on their way`],
    [states.expired, 'of all these are too old to count, and removed at the next cleaning'],
  ]
  const width = Math.max(...rows.map(([count]) => String(count).length))
  const lines = rows.map(
    ([count, what]) => `${style.bold(String(count).padStart(width))}  ${escapeText(what)}`,
  )
  return [...lines, ...(oldest === undefined ? [] : [`oldest: ${iso(oldest)}, ${ago(oldest, now)}`])].join(
    '\n',
  )
}

export function size(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.ceil(bytes / 1024)} KiB`
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}

export function renderForgotten(records: readonly Known[], style: ChalkInstance): string {
  if (records.length === 0) return 'nothing was known'
  const lines = records.slice(0, 20).map((known) => `  ${escapeText(nameOf(known))}`)
  const rest = records.length > 20 ? [`  … and ${records.length - 20} more`] : []
  return [`${style.green('✓')} forgotten: ${quantity(records.length, 'record')}`, ...lines, ...rest].join(
    '\n',
  )
}

export function renderAllowed({ client, triplets }: Allowed, text: string, style: ChalkInstance): string {
  if (client !== undefined) {
    return `${style.green('✓')} mails from ${client} pass from now on, until it was silent for the maximum age
  for good: a line in /etc/greyctl/whitelist_clients.local, then systemctl reload greyctl`
  }
  if (triplets.length === 0) {
    return `no triplet with ${escapeText(text)} waits: greyctl store show ${escapeText(text)} says what is known`
  }
  const lines = triplets.slice(0, 20).map((known) => `  ${escapeText(nameOf(known))}`)
  return [
    `${style.green('✓')} ${triplets.length === 1 ? '1 triplet passes' : `${triplets.length} triplets pass`} at the next try`,
    ...lines,
  ].join('\n')
}

export interface ImportView extends Merged {
  readonly from: string
  readonly entriesBefore: number
  readonly entriesAfter: number
  readonly unreadable: number
  readonly notes: readonly string[]
}

export function renderImport(view: ImportView, style: ChalkInstance): string {
  const { from, read, added, updated, expired, unreadable, entriesBefore, entriesAfter, notes } = view
  const same = read - added - updated - expired
  const parts = [
    `${added} new`,
    `${updated} brought up to date`,
    ...(same > 0 ? [`${same} known already`] : []),
    ...(expired > 0 ? [`${expired} too old to count`] : []),
    ...(unreadable > 0 ? [`${unreadable} not understood`] : []),
  ]
  return [
    `${style.green('✓')} ${quantity(read, 'record')} from ${escapeText(from)}: ${parts.join(', ')}`,
    `  the store had ${quantity(entriesBefore, 'record')} and has ${entriesAfter}`,
    ...notes.map((note) => `  ${style.yellow('note:')} ${escapeText(note)}`),
  ].join('\n')
}

export interface ExportView {
  readonly to: string
  readonly output: string
  readonly exported: number
  readonly leftOut: number
}

export function renderExport({ to, output, exported, leftOut }: ExportView, style: ChalkInstance): string {
  const rest =
    leftOut > 0
      ? `; ${leftOut} left out: too old to count${to === 'postgrey' ? ', or no word for it there' : ''}`
      : ''
  return `${style.green('✓')} ${quantity(exported, 'record')} for ${to} in ${escapeText(output)}${rest}`
}

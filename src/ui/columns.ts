import Table from 'cli-table3'
import { escapeText } from './escape.js'

const BARE_CHARS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: ' ',
}

/** Columns without rules, two blanks in; `sizes` without the blank between. The cells fit and are escaped already. */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  sizes: readonly number[],
  right: ReadonlySet<number> = new Set(),
): string[] {
  const table = new Table({
    head: [...head],
    colWidths: sizes.map((size) => size + 1),
    colAligns: sizes.map((_, at) => (right.has(at) ? 'right' : 'left')),
    chars: BARE_CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1, compact: true },
  })
  for (const row of rows) table.push([...row])
  return table
    .toString()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
}

/** What plainTable leaves for the first column beside the others. */
export function firstSize(width: number, others: readonly number[]): number {
  return width - 2 - others.reduce((sum, size) => sum + size + 2, 0)
}

/** The widest column gives way first. */
export function share(wanted: readonly number[], room: number): number[] {
  const sizes = wanted.map((size) => Math.min(size, room))
  while (sizes.reduce((a, b) => a + b, 0) > room) {
    const widest = sizes.indexOf(Math.max(...sizes))
    sizes[widest] = (sizes[widest] ?? 1) - 1
  }
  return sizes
}

/** Where `name[address]` has no room, the address alone. */
export function clientIn(client: string, size: number): string {
  return escapeText(client).length <= size ? client : (/\[([^[\]]+)\]$/.exec(client)?.[1] ?? client)
}

/** Escaped, and cut in the middle: both ends of an address tell something. */
export function shorten(text: string, size: number): string {
  const safe = escapeText(text)
  if (safe.length <= size) return safe
  const tail = Math.floor((size - 1) / 2)
  return `${safe.slice(0, size - 1 - tail)}…${safe.slice(safe.length - tail)}`
}

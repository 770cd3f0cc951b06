import { parseClientTable } from '../../greylist/client-table.js'
import { type Lookup, readCidrTable, readTextTable, type Tables } from '../../postfix/evaluator/tables.js'
import { scanLogicalLines } from '../../postfix/logical-lines.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { INDEXED } from './tables.js'

/** What lookup tables hold, those that are files of text. */
export interface TableTexts {
  /** For the evaluator; undefined for a table that is not at hand. */
  readonly tables: Tables
  /** Each key with what stands behind it; undefined for a table that is not at hand. */
  entries(spec: string): readonly TableEntry[] | undefined
}

export interface TableEntry {
  readonly key: string
  readonly value: string
  /** From 1. */
  readonly line: number
  readonly path: string
}

/** Larger ones are left to Postfix. Bytes. */
const LARGEST = 1024 * 1024
const TYPES = new Set(['texthash', 'cidr', 'regexp', 'pcre', ...Object.keys(INDEXED)])

export async function gatherTableTexts({ host, need }: GatherContext<Facts>): Promise<TableTexts> {
  const found = new Map<string, { lookup: Lookup | undefined; entries: readonly TableEntry[] }>()
  const readable = (await need('tables')).filter(
    ({ type, source }) => TYPES.has(type) && source !== undefined && source.size <= LARGEST,
  )
  await Promise.all(
    readable.map(async ({ type, name }) => {
      const text = (await host.read(name).catch(() => undefined))?.toString('latin1')
      if (text === undefined) return
      found.set(`${type}:${name}`, { lookup: readerOf(type, name, text), entries: entriesOf(name, text) })
    }),
  )
  return tableTexts(found)
}

export function tableTexts(
  found: ReadonlyMap<
    string,
    { readonly lookup: Lookup | undefined; readonly entries: readonly TableEntry[] }
  >,
): TableTexts {
  const of = (spec: string) => found.get(spec.replace(/^proxy:/, ''))
  return { tables: (spec) => of(spec)?.lookup, entries: (spec) => of(spec)?.entries }
}

/** A dialect of expressions that JavaScript has not is not at hand. */
export function readerOf(type: string, path: string, text: string): Lookup | undefined {
  if (type === 'cidr') return readCidrTable(text)
  if (type === 'pcre') return undefined
  if (type !== 'regexp') return readTextTable(text)
  const { table, warnings } = parseClientTable(path, text)
  return warnings.length > 0 ? undefined : (key) => table.lookup(key)?.action
}

export function entriesOf(path: string, text: string): readonly TableEntry[] {
  return scanLogicalLines(text).flatMap(({ joined, line }) => {
    const [, key = '', value = ''] = /^(\/(?:\\.|[^/\\])*\/\w*|\S+)\s+([\s\S]*?)\s*$/.exec(joined) ?? []
    return key === '' ? [] : [{ key, value, line, path }]
  })
}

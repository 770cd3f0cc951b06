import { escapeText } from '../escape.js'
import type { Cell, ReportTable } from './tables.js'

/** One table with its columns' names, RFC 4180. */
export function tableCsv({ columns, rows }: ReportTable): string {
  return csv([columns.map(({ id }) => id), ...rows])
}

/** Everything in one table: which table, which row (from 1), which column, and the value. */
export function allCsv(tables: readonly ReportTable[]): string {
  const records = tables.flatMap(({ id, columns, rows }) =>
    rows.flatMap((row, at) =>
      columns.map((column, place): Cell[] => [id, at + 1, column.id, row[place] ?? null]),
    ),
  )
  return csv([['table', 'row', 'column', 'value'], ...records])
}

function csv(records: readonly (readonly Cell[])[]): string {
  return records.map((record) => `${record.map(field).join(',')}\r\n`).join('')
}

/**
 * A field that neither a terminal nor a spreadsheet takes for a command: control characters are escaped, tabs among
 * them, and a quote goes before what a spreadsheet would compute.
 */
function field(value: Cell): string {
  if (typeof value === 'number') return String(value)
  const safe = escapeText(value ?? '')
  const plain = /^\s*[=+\-@]/.test(safe) ? `'${safe}` : safe
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

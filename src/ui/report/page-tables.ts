import type { Look, Mark } from '../../maillog/report/shape.js'
import { duration, shortTime } from '../duration.js'
import { html, type Markup } from './html.js'
import type { Cell, Column, ReportTable } from './tables.js'
import { LOOKS, MARKS, number } from './words.js'

export interface TableLook {
  /** Words for a field that filters the rows. */
  readonly filter?: string
  /** Scrolls in itself when it is long. */
  readonly tall?: boolean
}

/** A table of the page; its script makes it sort and filter. `data-value` holds what a cell's words stand for. */
export function tableMarkup({ id, title, columns, rows }: ReportTable, look: TableLook = {}): Markup {
  // the reasons stand below the look, where they are read
  const shown = columns.flatMap((column, at) => (column.id === 'marks' ? [] : [{ column, at }]))
  const marksAt = columns.findIndex((column) => column.id === 'marks')
  const tools =
    look.filter === undefined
      ? undefined
      : html`<div class="tools" data-filter="table-${id}" hidden><label>${look.filter} <input type="search" autocomplete="off" spellcheck="false"></label><output aria-live="polite" class="soft"></output></div>`
  const body = rows.map(
    (row) =>
      html`<tr>${shown.map(({ column, at }) => cellMarkup(column, row[at] ?? null, marksAt === -1 ? null : (row[marksAt] ?? null)))}</tr>\n`,
  )
  return html`${tools}<div class="scroll ${look.tall ? 'tall' : undefined}" role="region" aria-label="${title}, table" tabindex="0"><table id="table-${id}" data-sort><thead><tr>${shown.map(
    ({ column }) => html`<th scope="col"${classOf(column)}>${column.label}</th>`,
  )}</tr></thead><tbody>
${body}</tbody></table></div>`
}

function classOf({ kind }: Column): Markup | undefined {
  if (kind === 'count' || kind === 'seconds') return html` class="number"`
  return kind === 'time' ? html` class="time"` : undefined
}

function cellMarkup(column: Column, value: Cell, marks: Cell): Markup {
  if (value === null)
    return html`<td${classOf(column)} data-value="${column.kind === 'seconds' ? 1e12 : ''}">-</td>`
  const stands = html` data-value="${value}"`
  switch (column.kind) {
    case 'count':
      return html`<td class="number"${stands}>${number(Number(value))}</td>`
    case 'seconds':
      return html`<td class="number"${stands}>${duration(Number(value))}</td>`
    case 'time':
      return html`<td class="time"${stands}>${shortTime(String(value))}</td>`
    case 'text':
      return column.id === 'look' ? lookCell(String(value), String(marks)) : textCell(column, String(value))
  }
}

function lookCell(look: string, marks: string): Markup {
  const reasons = marks.split(' ').map((mark) => MARKS[mark as Mark])
  return html`<td class="why" data-value="${look}"><span class="badge ${look}">${LOOKS[look as Look]}</span><div class="soft">${reasons.join('; ')}</div></td>`
}

const LONG = new Set(['name', 'sender', 'recipient', 'clients', 'reason'])
const UNBROKEN = new Set(['day'])

function textCell({ id }: Column, value: string): Markup {
  if (id === 'by') return html`<td class="time" data-value="${value}">${value.replace('-', ' ')}</td>`
  if (id === 'address') return html`<td class="address">${parted(value.split(/(?<=:)/))}</td>`
  const name = LONG.has(id) ? 'long' : UNBROKEN.has(id) ? 'time' : undefined
  return html`<td${name && html` class="${name}"`}>${LONG.has(id) ? breakable(value) : value}</td>`
}

/** Addresses and names end a line where a reader would break them: behind `@`, before `[`, between labels of a name. */
function breakable(text: string): Markup[] {
  return parted(text.split(/(?<=@)|(?=\[)|(?<=[a-z]{4})(?=\.[a-z])/i))
}

function parted(parts: readonly string[]): Markup[] {
  return parts.map((part, at) => html`${at > 0 ? WBR : undefined}${part}`)
}

const WBR = html`<wbr>`

/** On a narrow screen a row is a card, and each cell says what it is: the words are those of the columns, not of a log. */
export function cardLabels(tables: readonly ReportTable[]): string {
  return tables
    .flatMap(({ id, columns }) =>
      columns
        .filter((column) => column.id !== 'marks')
        .map(
          ({ label, id: column }, at) =>
            `#table-${id} td:nth-child(${at + 1})::before{content:"${column === 'look' ? '' : label}"}`,
        ),
    )
    .join('\n')
}

import type { ChalkInstance } from 'chalk'
import type { Classification, Classified } from '../setup/classify.js'
import { escapeText } from './escape.js'

/** A line a name, and how many of them are checked. */
export function renderClassify({ table, results, warnings }: Classification, style: ChalkInstance): string {
  const lines = results.map((result) => renderOne(result, table, style))
  const notes = warnings.map((warning) => `${style.yellow('warning:')} ${escapeText(warning)}`)
  return [...notes, ...lines, ...(results.length > 1 ? ['', summary(results)] : [])].join('\n')
}

function renderOne(result: Classified, table: string, style: ChalkInstance): string {
  const { host, checked, rule, expression, reason, count } = result
  const verdict = checked ? style.yellow('checked') : style.green('spared ')
  const times = count === undefined ? '' : `${String(count).padStart(7)}  `
  const line = rule?.slice(table.length + 1)
  const why = rule === null ? 'no line names it' : `line ${line}: ${reason ?? expression}`
  return `${times}${verdict}  ${escapeText(host)}  ${style.dim(escapeText(why))}`
}

function summary(results: readonly Classified[]): string {
  const checked = results.filter((result) => result.checked)
  const names = `${checked.length} of ${results.length} names are checked`
  const mails = (list: readonly Classified[]) => list.reduce((sum, { count = 0 }) => sum + count, 0)
  return results.some(({ count }) => count !== undefined)
    ? `${names}, ${mails(checked)} of ${mails(results)} mails`
    : names
}

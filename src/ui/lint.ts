import type { ChalkInstance } from 'chalk'
import type { Lint } from '../setup/lint-lists.js'
import { escapeText } from './escape.js'
import { quantity } from './quantity.js'
import { readable } from './store.js'

/** Old entries that are told one by one. */
const SHOWN = 5

/** A line a finding, as compilers write them. */
export function renderLint({ files, findings }: Lint, style: ChalkInstance): string {
  const stale = findings.filter(({ id }) => id === 'stale')
  const told = stale.length > SHOWN ? findings.filter(({ id }) => id !== 'stale') : findings
  const lines = told.map(({ path, line, entry, severity, message }) => {
    const mark = severity === 'warning' ? style.yellow('warning:') : style.dim('info:')
    const what = entry === '' ? '' : `${escapeText(readable(entry))}: `
    return `${escapeText(path)}:${line}: ${mark} ${what}${escapeText(message)}`
  })
  const warnings = findings.filter(({ severity }) => severity === 'warning').length
  const read = files.length === 0 ? 'there is no list' : `${files.map(escapeText).join(', ')}`
  const sum =
    findings.length === 0
      ? `${style.green('✓')} nothing to say about ${read}`
      : `${quantity(warnings, 'warning')}, ${quantity(findings.length - warnings, 'remark')} on ${read}`
  const many = stale.length > SHOWN ? [staleness(stale, style)] : []
  return [...lines, ...many, sum].join('\n')
}

function staleness(stale: Lint['findings'], style: ChalkInstance): string {
  const lines = stale.slice(0, 3).map(({ path, line }) => `${escapeText(path)}:${line}`)
  return `${style.dim('info:')} ${stale.length} entries were last looked at years ago (${lines.join(', ')}, …; --json has all)`
}

import type { ChalkInstance } from 'chalk'
import { escapeLines } from './escape.js'

/** A unified diff for the terminal: escaped, additions green, removals red. */
export function renderDiff(diff: string, style: ChalkInstance): string {
  return escapeLines(diff)
    .split('\n')
    .map((line) => colourLine(line, style))
    .join('\n')
}

function colourLine(line: string, style: ChalkInstance): string {
  if (line.startsWith('+++') || line.startsWith('---')) return style.bold(line)
  if (line.startsWith('+')) return style.green(line)
  if (line.startsWith('-')) return style.red(line)
  if (line.startsWith('@@')) return style.cyan(line)
  return line
}

/** Lines of a new file that are shown before a question. */
const SHOWN = 12

/** New files are cut short: what matters before a question is what changes in files that are there. */
export function shortenNewFiles(diff: string): string {
  return diff
    .split(/^(?=--- )/m)
    .map((part) => {
      const lines = part.split('\n')
      const body = lines.findIndex((line) => line.startsWith('@@')) + 1
      const end = lines.findLastIndex((line) => line.startsWith('+')) + 1
      if (!part.startsWith('--- /dev/null') || end - body <= SHOWN + 3) return part
      const rest = `+… ${end - body - SHOWN} more lines (--dry-run shows all)`
      return [...lines.slice(0, body + SHOWN), rest, ...lines.slice(end)].join('\n')
    })
    .join('')
}

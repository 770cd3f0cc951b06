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

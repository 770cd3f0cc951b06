import type { ChalkInstance } from 'chalk'
import { GreyctlError } from '../errors.js'
import { escapeLines } from './escape.js'

/** What happened, where, and what to do next; a stack trace only when DEBUG is set. */
export function renderError(error: Error, style: ChalkInstance): string {
  const where = error instanceof GreyctlError && error.where ? `${error.where}: ` : ''
  const hints = error instanceof GreyctlError ? error.hints : []
  const lines = [`${style.red('greyctl:')} ${escapeLines(`${where}${error.message}`)}`]
  for (const hint of hints) lines.push(`  ${style.cyan('→')} ${escapeLines(hint)}`)
  if (process.env.DEBUG && error.stack) lines.push(escapeLines(error.stack))
  return lines.join('\n')
}

/** The shape of `{"error": …}` with --json. */
export function errorDocument(error: Error): {
  error: { code: string; message: string; where?: string; hints: readonly string[] }
} {
  if (!(error instanceof GreyctlError)) {
    return { error: { code: isUsage(error) ? 'usage' : 'internal', message: error.message, hints: [] } }
  }
  const { code, message, where, hints } = error
  return { error: { code, message, ...(where === undefined ? {} : { where }), hints } }
}

/** oclif's own complaints about flags and arguments. */
export function isUsage(error: Error): boolean {
  return 'oclif' in error || error.constructor.name.endsWith('ParseError') || 'parse' in error
}

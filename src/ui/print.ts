/**
 * The only place that writes to the terminal. Its rules:
 * - stdout carries the result and nothing else; with --json it is one JSON document.
 * - warnings, progress and errors go to stderr.
 * - text that came from a log, a file or the network has been through ui/escape before it gets here.
 * - colour only where the reader is a terminal, and never with --no-color, NO_COLOR or --json.
 */
import { writeSync } from 'node:fs'
import { Chalk, type ChalkInstance } from 'chalk'
import { escapeJson } from './escape.js'

export interface Terminal {
  readonly style: ChalkInstance
  /** Columns to fill; 80 where nobody says. */
  readonly width: number
  /** Whether the locale has characters beyond ASCII (locale(7)): block graphics need them. */
  readonly unicode: boolean
  readonly interactive: boolean
  /** Lines of a screen that can be written over; undefined where standard output is none. */
  readonly rows?: number
}

export function terminalFor(options: { color: boolean }): Terminal {
  const interactive = Boolean(process.stdin.isTTY && process.stderr.isTTY)
  const wanted = options.color && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  const color = wanted && Boolean(process.stdout.isTTY && process.stderr.isTTY)
  return {
    style: new Chalk({ level: color ? 1 : 0 }),
    width: Math.max(40, Math.min(process.stdout.columns ?? 80, 120)),
    unicode: /utf-?8/i.test(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || ''),
    interactive,
    ...(process.stdout.isTTY && process.env.TERM !== 'dumb' ? { rows: process.stdout.rows || 24 } : {}),
  }
}

/** Written at once and in order, also to a pipe, so that nothing is lost when the process ends right after. false: nobody reads it any more. */
function writeAll(descriptor: number, text: string): boolean {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') return false
      if (code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    }
  }
  return true
}

/** false: nobody reads it any more, and what has no end by itself should end. */
export function printOut(text: string): boolean {
  return text === '' || writeAll(1, text.endsWith('\n') ? text : `${text}\n`)
}

export function printErr(text: string): void {
  if (text !== '') writeAll(2, text.endsWith('\n') ? text : `${text}\n`)
}

/** Without a line end: progress that is overwritten in place. */
export function printErrRaw(text: string): void {
  writeAll(2, text)
}

/** One of several documents, a line each. As printOut. */
export function printJsonLine(value: unknown): boolean {
  return printOut(escapeJson(JSON.stringify(value)))
}

export function printJson(value: unknown): void {
  writeAll(1, `${escapeJson(JSON.stringify(value, undefined, 2))}\n`)
}

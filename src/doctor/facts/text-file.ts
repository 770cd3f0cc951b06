import { GreyctlError } from '../../errors.js'
import type { Host } from '../../host/host.js'
import { Unknown } from '../fact-book.js'
import type { Evidence } from '../finding.js'

/** A file of the configuration, one character a byte. */
export interface TextFile {
  readonly path: string
  readonly text: string
  readonly uid: number
  readonly mode: number
  /** Seconds since the epoch. */
  readonly modified: number
}

/** undefined when absent; throws Unknown when it is there and cannot be read. */
export async function readTextFile(host: Host, path: string): Promise<TextFile | undefined> {
  try {
    const stat = await host.stat(path)
    const bytes = stat && (await host.read(path))
    if (stat === undefined || bytes === undefined) return undefined
    const { uid, mode, modified } = stat
    return { path, text: bytes.toString('latin1'), uid, mode, modified }
  } catch (error) {
    if (!(error instanceof GreyctlError)) throw error
    const advice = host.uid === 0 ? '' : '; run it as root'
    throw new Unknown(`${path}: ${error.message}${advice}`)
  }
}

/** The physical line with this number, from 1, as evidence. */
export function lineOf(file: { readonly path: string; readonly text: string }, line: number): Evidence {
  let start = 0
  for (let at = 1; at < line; at += 1) {
    const feed = file.text.indexOf('\n', start)
    if (feed < 0) break
    start = feed + 1
  }
  return cut(file, start, line)
}

/** Finds the line of an offset without reading the file again: for lists with very many entries. */
export function lineFinder(file: {
  readonly path: string
  readonly text: string
}): (offset: number) => Evidence {
  const starts = [0]
  for (let at = file.text.indexOf('\n'); at >= 0; at = file.text.indexOf('\n', at + 1)) starts.push(at + 1)
  const known = new Map<number, Evidence>()
  return (offset) => {
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    const found = known.get(low) ?? cut(file, starts[low] ?? 0, low + 1)
    known.set(low, found)
    return found
  }
}

function cut(file: { readonly path: string; readonly text: string }, start: number, line: number): Evidence {
  const feed = file.text.indexOf('\n', start)
  return lineText(file.path, line, file.text.slice(start, feed < 0 ? undefined : feed))
}

/** The nearest line above that is no comment, and not empty: what a line that is not indented was to continue. */
export function lineBefore(
  file: { readonly path: string; readonly text: string },
  line: number,
): Evidence | undefined {
  const above = file.text.split('\n', line - 1)
  const at = above.findLastIndex((text) => !/^\s*(?:#|$)/.test(text))
  return at < 0 ? undefined : lineText(file.path, at + 1, above[at] ?? '')
}

/** A line that is at hand. */
export function lineText(path: string, line: number, whole: string): Evidence {
  const text = whole.replace(/\r$/, '')
  return { ref: `${path}:${line}`, text: text.length > 300 ? `${text.slice(0, 300)}…` : text }
}

import { lineStart, lineStop } from './logical-lines.js'
import type { Definition, MainCf } from './main-cf.js'

/** Whole lines of the file: [start, end). */
interface Lines {
  readonly start: number
  readonly end: number
}

export interface CommentLine extends Lines {
  readonly text: string
  readonly lineEnd: string
}

/** A definition that greyctl wrote, with what belongs to it. Comments inside a folded value stay. */
export interface OwnBlock {
  readonly ranges: readonly Lines[]
  readonly comment: CommentLine | undefined
}

/** The line right above a definition, when it is one of these comments. */
export function lineAbove(
  cf: MainCf,
  definition: Definition,
  comments: readonly string[],
): CommentLine | undefined {
  const end = definition.logical.pieces[0]?.start ?? 0
  if (end === 0) return undefined
  const start = lineStart(cf.text, end - 1)
  const line = cf.text.slice(start, end)
  const text = line.trim()
  if (!comments.includes(text)) return undefined
  return { start, end, text, lineEnd: line.endsWith('\r\n') ? '\r\n' : '\n' }
}

/** The definition, its comment above, and right below it the line that was written with it, if it is still so. */
export function ownBlock(
  cf: MainCf,
  definition: Definition,
  { comments, below }: { comments: readonly string[]; below: readonly string[] },
): OwnBlock {
  const comment = lineAbove(cf, definition, comments)
  const pieces = definition.logical.pieces.map((piece) => ({
    start: piece.start,
    end: lineStop(cf.text, piece.end),
  }))
  const last = pieces.at(-1)
  const created = last && lineBelow(cf, last.end, below)
  return { ranges: [...(comment ? [comment] : []), ...pieces, ...(created ? [created] : [])], comment }
}

function lineBelow(cf: MainCf, start: number, written: readonly string[]): Lines | undefined {
  const definition = cf.definitions.find((each) => each.logical.pieces[0]?.start === start)
  if (definition === undefined || definition.logical.pieces.length !== 1) return undefined
  if (!written.includes(definition.logical.joined.replace(/\r$/, ''))) return undefined
  return { start, end: lineStop(cf.text, start) }
}

export function withoutBlock(cf: MainCf, { ranges, comment }: OwnBlock): MainCf {
  const atEnd = ranges.at(-1)?.end === cf.text.length && !cf.text.endsWith('\n')
  let changed = cf
  for (const range of [...ranges].reverse()) changed = changed.splice(range.start, range.end, '')
  if (!atEnd || comment === undefined) return changed
  // appended to a file without a last line feed: the one in front was ours too
  const feed = /\r?\n$/.exec(changed.text)?.[0] ?? ''
  const own = Math.min(comment.lineEnd.length, feed.length)
  return changed.splice(changed.text.length - own, changed.text.length, '')
}

/**
 * Logical lines of main.cf and master.cf, with the place of every byte (postconf(5), "main.cf file format"):
 * a line that starts with whitespace continues the logical line before it; empty lines and comments are skipped
 * wherever they stand, also between continuation lines, and do not end the logical line.
 */

/** What Postfix's C library calls a space: unlike \s, without the no-break space, which is a letter to Postfix. */
const SPACE = ' \t\n\v\f\r'

export function isSpace(character: string | undefined): boolean {
  return character !== undefined && character !== '' && SPACE.includes(character)
}

/** Offsets into the file's text: the content of one physical line that counts, without its line feed. */
interface Piece {
  readonly start: number
  readonly end: number
}

export interface LogicalLine {
  /** Number of its first physical line, from 1. */
  readonly line: number
  readonly pieces: readonly Piece[]
  /** The pieces' contents one after the other, exactly as written. */
  readonly joined: string
}

export function scanLogicalLines(text: string): readonly LogicalLine[] {
  const found: { line: number; pieces: Piece[] }[] = []
  let current: { line: number; pieces: Piece[] } | undefined
  let line = 0
  for (let start = 0; start < text.length; ) {
    const feed = text.indexOf('\n', start)
    const end = feed < 0 ? text.length : feed
    line += 1
    if (counts(text, start, end)) {
      if (current === undefined || !isSpace(text[start])) {
        current = { line, pieces: [] }
        found.push(current)
      }
      current.pieces.push({ start, end })
    }
    start = end + 1
  }
  return found.map(({ line: first, pieces }) => ({
    line: first,
    pieces,
    joined: pieces.map((piece) => text.slice(piece.start, piece.end)).join(''),
  }))
}

/** Neither empty, nor whitespace alone, nor a comment. */
function counts(text: string, start: number, end: number): boolean {
  let at = start
  while (at < end && isSpace(text[at])) at += 1
  return at < end && text[at] !== '#'
}

/** Where the character at `index` of `joined` stands in the file. */
export function offsetOf(logical: LogicalLine, index: number): number {
  let rest = index
  for (const piece of logical.pieces) {
    const length = piece.end - piece.start
    if (rest < length) return piece.start + rest
    rest -= length
  }
  return logical.pieces.at(-1)?.end ?? 0
}

/** The number, from 1, of the physical line that holds an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}

/** Start of the physical line that holds the offset. */
export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** End of the physical line that holds the offset, its line feed included. */
export function lineStop(text: string, offset: number): number {
  const feed = text.indexOf('\n', offset)
  return feed < 0 ? text.length : feed + 1
}

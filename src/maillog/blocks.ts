import { isUtf8 } from 'node:buffer'

/** Bytes of a line that are kept; the rest of a longer one is skipped. Postfix logs 2 kB at most, a journal entry in JSON four times that. */
export const LONGEST_LINE = 64 * 1024

const LF = 10

/**
 * Bytes to blocks of whole lines, without the last line feed, with no more memory than a chunk and a line; a block is good
 * until the next one is asked for. How the
 * bytes are cut into chunks makes no difference to the lines. A line longer than `longest` may lack its end.
 */
export async function* wholeLines(
  chunks: AsyncIterable<Uint8Array>,
  longest = LONGEST_LINE,
): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = []
  let held = 0
  const hold = (bytes: Buffer) => {
    const room = longest - held
    if (room <= 0) return
    const kept = bytes.subarray(0, room)
    pieces.push(Buffer.from(kept))
    held += kept.length
  }
  const release = (): Buffer => {
    const line = Buffer.concat(pieces)
    pieces = []
    held = 0
    return line
  }
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const last = bytes.lastIndexOf(LF)
    if (last === -1) {
      hold(bytes)
      continue
    }
    let start = 0
    if (held > 0) {
      const end = bytes.indexOf(LF)
      hold(bytes.subarray(0, end))
      yield release()
      start = end + 1
    }
    if (start <= last) yield bytes.subarray(start, last)
    hold(bytes.subarray(last + 1))
  }
  if (held > 0) yield release()
}

/** A line is UTF-8, or else one character a byte; its CR, if any, is taken off. */
export function decodeLine(bytes: Buffer, longest = LONGEST_LINE): string {
  const kept = bytes.subarray(0, longest)
  const line = kept.toString(isUtf8(kept) ? 'utf8' : 'latin1')
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

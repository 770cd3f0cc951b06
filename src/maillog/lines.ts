import { isAscii, isUtf8 } from 'node:buffer'

/** Bytes of a line that are kept; the rest of a longer one is skipped. Postfix logs 2 kB at most, a journal entry in JSON four times that. */
export const LONGEST_LINE = 64 * 1024

const LF = 10

/**
 * Bytes to lines, in batches, with no more memory than a chunk and a line. How the bytes are cut into chunks makes no
 * difference. A line is UTF-8, or else one character a byte; its CR, if any, is taken off.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  longest = LONGEST_LINE,
): AsyncGenerator<readonly string[]> {
  let pieces: Buffer[] = []
  let held = 0
  const hold = (bytes: Buffer) => {
    const room = longest - held
    if (room <= 0) return
    const kept = bytes.subarray(0, room)
    pieces.push(Buffer.from(kept))
    held += kept.length
  }
  const release = (): string => {
    const line = decodeLine(Buffer.concat(pieces), longest)
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
    const lines: string[] = []
    if (held > 0) {
      const end = bytes.indexOf(LF)
      hold(bytes.subarray(0, end))
      lines.push(release())
      start = end + 1
    }
    if (start <= last) for (const line of decodeBlock(bytes.subarray(start, last), longest)) lines.push(line)
    yield lines
    hold(bytes.subarray(last + 1))
  }
  if (held > 0) yield [release()]
}

/** Whole lines without the last line feed. Plain ASCII, nearly always, is decoded at once. */
function decodeBlock(block: Buffer, longest: number): string[] {
  if (isAscii(block)) {
    const lines = block.toString('latin1').split('\n')
    return lines.map((line) => trimEnd(line.length > longest ? line.slice(0, longest) : line))
  }
  const lines: string[] = []
  for (let start = 0; start <= block.length; ) {
    const found = block.indexOf(LF, start)
    const end = found === -1 ? block.length : found
    lines.push(decodeLine(block.subarray(start, end), longest))
    start = end + 1
  }
  return lines
}

function decodeLine(bytes: Buffer, longest: number): string {
  const kept = bytes.subarray(0, longest)
  return trimEnd(kept.toString(isUtf8(kept) ? 'utf8' : 'latin1'))
}

function trimEnd(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}

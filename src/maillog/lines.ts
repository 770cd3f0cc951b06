import { decodeLine, LONGEST_LINE, wholeLines } from './blocks.js'

const LF = 10

/** Bytes to lines, in batches, with no more memory than a chunk and a line. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  longest = LONGEST_LINE,
): AsyncGenerator<readonly string[]> {
  for await (const block of wholeLines(chunks, longest)) {
    const lines: string[] = []
    for (let start = 0; start <= block.length; ) {
      const found = block.indexOf(LF, start)
      const end = found === -1 ? block.length : found
      lines.push(decodeLine(block.subarray(start, end), longest))
      start = end + 1
    }
    yield lines
  }
}

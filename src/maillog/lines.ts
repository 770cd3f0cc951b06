/** Characters of a line that are kept; the rest is dropped. A `journalctl -o json` object of a long message fits. */
export const MAX_LINE = 65_536

const LF = 0x0a

/**
 * Bytes to lines with memory bounded by the chunk and one capped line, whatever the log contains. The result does
 * not depend on how the bytes were split: a line is decoded whole, and invalid UTF-8 becomes U+FFFD.
 */
export class LineSplitter {
  private pending: Buffer[] = []
  private pendingBytes = 0
  /** A UTF-16 unit needs at most three bytes: more of a line can never be asked for. */
  private readonly maxBytes: number

  constructor(private readonly maxLine = MAX_LINE) {
    this.maxBytes = maxLine * 3 + 4
  }

  /** The lines that this chunk completes, without their line ends. */
  push(chunk: Buffer): string[] {
    const end = chunk.lastIndexOf(LF)
    if (end < 0) {
      this.hold(chunk)
      return []
    }
    let start = 0
    let head: string[] = []
    if (this.pendingBytes > 0) {
      start = chunk.indexOf(LF) + 1
      this.hold(chunk.subarray(0, start - 1))
      head = [this.release()]
    }
    const body = start <= end ? chunk.toString('utf8', start, end).split('\n') : []
    this.hold(chunk.subarray(end + 1))
    const lines = body.map((line) => this.trim(line))
    return head.length > 0 ? head.concat(lines) : lines
  }

  /** The last line when it has no line end. */
  end(): string[] {
    return this.pendingBytes > 0 ? [this.release()] : []
  }

  private hold(bytes: Buffer): void {
    const room = this.maxBytes - this.pendingBytes
    if (bytes.length === 0 || room <= 0) return
    // A copy: the caller may use its buffer again, and a slice would keep the whole chunk alive.
    const kept = Buffer.from(bytes.subarray(0, room))
    this.pending.push(kept)
    this.pendingBytes += kept.length
  }

  private release(): string {
    const text = Buffer.concat(this.pending).toString('utf8')
    this.pending = []
    this.pendingBytes = 0
    return this.trim(text)
  }

  private trim(line: string): string {
    const capped = line.length > this.maxLine ? line.slice(0, this.maxLine) : line
    return capped.endsWith('\r') ? capped.slice(0, -1) : capped
  }
}

/** Lines in the batches that the chunks bring. */
export async function* linesOf(chunks: AsyncIterable<Buffer>, maxLine = MAX_LINE): AsyncGenerator<string[]> {
  const splitter = new LineSplitter(maxLine)
  for await (const chunk of chunks) {
    const lines = splitter.push(chunk)
    if (lines.length > 0) yield lines
  }
  const last = splitter.end()
  if (last.length > 0) yield last
}

const CHUNK = 1 << 20
/** Characters of one field that are kept: twice the longest address (RFC 5321 §4.5.3.1). */
const LONGEST_FIELD = 640

/** Texts outside of the garbage collector's sight, each a few fields; they are only looked at when a person will. */
export class TextStore {
  private chunks: Buffer[] = []
  private used = CHUNK

  /** Where it is: give it to `get`. */
  put(fields: readonly string[]): number {
    const text = fields.map((field) => field.slice(0, LONGEST_FIELD).replaceAll('\n', ' ')).join('\n')
    const most = text.length * 3 + 2
    if (this.used + most > CHUNK) {
      this.chunks.push(Buffer.allocUnsafeSlow(CHUNK))
      this.used = 0
    }
    const chunk = this.chunks.at(-1) as Buffer
    const at = (this.chunks.length - 1) * CHUNK + this.used
    const size = chunk.write(text, this.used + 2)
    chunk.writeUInt16LE(size, this.used)
    this.used += size + 2
    return at
  }

  get(at: number): readonly string[] {
    const chunk = this.chunks[Math.floor(at / CHUNK)]
    const from = at % CHUNK
    if (chunk === undefined) return []
    return chunk.toString('utf8', from + 2, from + 2 + chunk.readUInt16LE(from)).split('\n')
  }
}

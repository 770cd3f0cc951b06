/** Bytes: what 50 ms bring under load. Of memory that was never written to, the system gives none. */
const CHUNK = 256 * 1024
const LINE_FEED = 10

/** Lines of one character a byte that wait to be written. */
export class Lines {
  #chunk: Buffer | undefined
  #used = 0
  #full: Buffer[] = []
  #spare: Buffer | undefined
  #size = 0

  /** Bytes that wait. */
  get size(): number {
    return this.#size
  }

  add(line: string): void {
    const length = line.length + 1
    const chunk = this.#room(length)
    chunk.write(line, this.#used, 'latin1')
    this.#used += length
    chunk[this.#used - 1] = LINE_FEED
    this.#size += length
  }

  /** All that waits. `done`: the bytes are not needed any more. */
  take(): { readonly bytes: Buffer; done(): void } {
    const chunk = this.#chunk ?? Buffer.alloc(0)
    const last = chunk.subarray(0, this.#used)
    const bytes = this.#full.length === 0 ? last : Buffer.concat([...this.#full, last])
    this.#chunk = this.#spare
    this.#spare = undefined
    this.#full = []
    this.#used = 0
    this.#size = 0
    return {
      bytes,
      done: () => {
        if (chunk.length === CHUNK) this.#spare = chunk
      },
    }
  }

  #room(length: number): Buffer {
    const chunk = this.#chunk
    if (chunk !== undefined && this.#used + length <= chunk.length) return chunk
    if (chunk !== undefined && this.#used > 0) this.#full.push(chunk.subarray(0, this.#used))
    const larger = Buffer.allocUnsafeSlow(Math.max(CHUNK, length))
    this.#chunk = larger
    this.#used = 0
    return larger
  }
}

/** Random numbers that a seed brings back (mulberry32), and what fuzzing makes of bytes. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }

  /** The seed with some bytes changed, taken out, doubled, or replaced by what matters to a parser. */
  mutate(seed: Buffer, tokens: readonly string[]): Buffer {
    let bytes = Buffer.from(seed)
    for (let count = this.below(8); count >= 0; count -= 1) {
      const at = this.below(bytes.length + 1)
      const length = this.below(1 << this.below(9))
      const piece = this.pick([
        () => this.bytes(this.below(20)),
        () => Buffer.from(this.pick(tokens), 'latin1'),
        () => bytes.subarray(at, at + length),
        () => Buffer.alloc(length * this.pick([1, 1, 100]), this.pick(tokens).slice(0, 1) || '\0', 'latin1'),
        () => Buffer.alloc(0),
      ])()
      bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(this.pick([at, at + length]))])
      if (bytes.length > 300_000) bytes = bytes.subarray(0, 300_000)
    }
    return bytes
  }
}

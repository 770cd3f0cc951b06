import { randomBytes } from 'node:crypto'

/** Two 32-bit lanes with a seed of this run, so that nobody who writes into a log can aim for two equal ones. */
const SEED = randomBytes(8)
const SEED_A = SEED.readInt32LE(0)
const SEED_B = SEED.readInt32LE(4)

/**
 * 64 bits that stand for a text: a million triplets make two equal ones with a probability of 3e-8. Instead of strings
 * as keys, because a log has several million of them. Of bytes (UTF-8), as they lie in a block of the log.
 */
export class Fingerprint {
  a = SEED_A
  b = SEED_B

  start(): this {
    this.a = SEED_A
    this.b = SEED_B
    return this
  }

  /** Goes on where another one ended. */
  resume(a: number, b: number): this {
    this.a = a
    this.b = b
    return this
  }

  /** A part of a text, ASCII letters in lower case, and its end. */
  add(bytes: Uint8Array, from = 0, to = bytes.length): this {
    let { a, b } = this
    for (let at = from; at < to; at += 1) {
      let code = bytes[at] as number
      if (code >= 65 && code <= 90) code += 32
      a = Math.imul(a ^ code, 0x9e3779b1)
      a ^= a >>> 15
      b = Math.imul(b + code, 0x85ebca6b)
      b ^= b >>> 13
    }
    return this.close(a, b)
  }

  /** The same with letters as they are: Postfix's long queue ids tell a from A. */
  addExact(bytes: Uint8Array, from = 0, to = bytes.length): this {
    let { a, b } = this
    for (let at = from; at < to; at += 1) {
      const code = bytes[at] as number
      a = Math.imul(a ^ code, 0x9e3779b1)
      a ^= a >>> 15
      b = Math.imul(b + code, 0x85ebca6b)
      b ^= b >>> 13
    }
    return this.close(a, b)
  }

  private close(a: number, b: number): this {
    this.a = Math.imul(a ^ 0x10a, 0xc2b2ae35)
    this.b = Math.imul(b ^ 0x10a, 0x27d4eb2f)
    return this
  }
}

/** A slot of a table with a power of two of them. */
export function slotOf(a: number, b: number, mask: number): number {
  const mixed = Math.imul(a ^ (b >>> 16), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 15)) & mask
}

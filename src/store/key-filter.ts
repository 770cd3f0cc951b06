/** Bits for each key: one of eighty keys that were never added seems to be there. */
const BITS = 12
/** Of 32 bits each. All bits of a key are in one block, so that a question touches one line of the processor's cache. */
const WORDS = 8
const BLOCK = WORDS * 32
const RANGE = 2 ** 32

/**
 * Which keys were surely never added (a blocked Bloom filter: Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom
 * Filters", 2009). Several threads may add at once.
 */
export class KeyFilter {
  /** What another thread makes its own filter of. */
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array
  readonly #blocks: number

  static forKeys(count: number): KeyFilter {
    const blocks = Math.max(1, Math.ceil((count * BITS) / BLOCK))
    return new KeyFilter(new SharedArrayBuffer(blocks * WORDS * 4))
  }

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
    this.#blocks = this.#words.length / WORDS
  }

  /** `hash`: of the key, by hashOfText or hashOfBytes. */
  add(hash: number): void {
    const start = this.#start(hash)
    const bits = mixed(hash)
    for (let shift = 0; shift < 24; shift += 8) {
      const bit = (bits >>> shift) & 255
      Atomics.or(this.#words, start + (bit >> 5), 1 << (bit & 31))
    }
  }

  /** False: it was never added. */
  mayHold(hash: number): boolean {
    const start = this.#start(hash)
    const bits = mixed(hash)
    for (let shift = 0; shift < 24; shift += 8) {
      const bit = (bits >>> shift) & 255
      if (((this.#words[start + (bit >> 5)] ?? 0) & (1 << (bit & 31))) === 0) return false
    }
    return true
  }

  #start(hash: number): number {
    return Math.floor((hash / RANGE) * this.#blocks) * WORDS
  }
}

const OFFSET = 0x811c_9dc5
const PRIME = 0x0100_0193

/** FNV-1a of a key of one character a byte: 32 bits, unsigned. */
export function hashOfText(key: string): number {
  let hash = OFFSET
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), PRIME)
  return avalanche(hash)
}

/** The same of its bytes. */
export function hashOfBytes(key: Uint8Array): number {
  let hash = OFFSET
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ (key[at] ?? 0), PRIME)
  return avalanche(hash)
}

/** FNV leaves its upper bits, which choose the block, too much alike (the end of MurmurHash3 mends that). */
function avalanche(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2_ae35)
  return (second ^ (second >>> 16)) >>> 0
}

/** Other bits than those that chose the block. */
function mixed(hash: number): number {
  const product = Math.imul(hash, 0x9e37_79b1)
  return product ^ (product >>> 15)
}

import type { GreyRecord } from '../../greylist/record.js'

/** Records of each half, about 250 bytes each: 12 MB in all. */
const SIZE = 25_000

/**
 * What this daemon saw last in the shared store, to guess by. Others write there too: nothing is ever decided by it that the
 * server has not confirmed.
 *
 * Two halves take turns: when the younger is full, the older is dropped. What is asked for moves on.
 */
export class Lately {
  readonly #size: number
  #young = new Map<string, GreyRecord>()
  #old = new Map<string, GreyRecord>()

  constructor(size = SIZE) {
    this.#size = size
  }

  get(key: string): GreyRecord | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.#keep(key, old)
    return old
  }

  note(key: string, record: GreyRecord | undefined): void {
    if (record === undefined) this.forget(key)
    else this.#keep(key, record)
  }

  forget(key: string): void {
    this.#young.delete(key)
    this.#old.delete(key)
  }

  #keep(key: string, record: GreyRecord): void {
    this.#young.set(key, record)
    if (this.#young.size < this.#size) return
    this.#old = this.#young
    this.#young = new Map()
  }
}

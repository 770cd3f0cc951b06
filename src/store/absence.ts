import { hashOfText, KeyFilter } from './key-filter.js'

/**
 * Keys that it has room for at least: 1.5 MB. While a store grows fast, learning it anew at each half more took half of the time of
 * the thread that writes it.
 */
const LEAST = 1_000_000
/** Room for so many times what is stored when it is learned. */
const ROOM = 1.5

/**
 * What a store and its journal surely lack. A stranger's keys are neither in memory nor in the tree; to find that out costs
 * 3 µs of the 20 that a new triplet takes, and a wait for the disk where the tree is larger than the memory. Here
 * it costs 0.1. Nothing is known until the store's keys were learned.
 */
export class Absence {
  readonly #least: number
  #ready: KeyFilter | undefined
  #learning: KeyFilter | undefined
  #keys = 0
  #room = 0
  #gaveUp = false

  constructor(least = LEAST) {
    this.#least = least
  }

  /** True: it is neither stored nor in the journal. False says nothing. */
  lacks(key: string): boolean {
    return this.#ready !== undefined && !this.#ready.mayHold(hashOfText(key))
  }

  /** Told of every key before it is stored. */
  add(key: string): void {
    if (this.#ready === undefined && this.#learning === undefined) return
    const hash = hashOfText(key)
    this.#ready?.add(hash)
    this.#learning?.add(hash)
    this.#keys += 1
  }

  /** The keys must be learned: they never were, or there are more than there was room for. */
  get isWanted(): boolean {
    if (this.#gaveUp || this.#learning !== undefined) return false
    return this.#ready === undefined || this.#keys > this.#room
  }

  /**
   * From now on keys are learned; what was stored before has to be added by others, who get the filter, before `learned`.
   * `stored`: how many that is about.
   */
  learn(stored: number): KeyFilter {
    this.#room = Math.max(this.#least, Math.ceil(stored * ROOM))
    this.#keys = stored
    this.#learning = KeyFilter.forKeys(this.#room)
    return this.#learning
  }

  learned(): void {
    this.#ready = this.#learning
    this.#learning = undefined
  }

  /** They cannot be: what was known before stays, and is added to. */
  giveUp(): void {
    this.#learning = undefined
    this.#gaveUp = true
  }
}

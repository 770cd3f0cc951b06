import { setTimeout as sleep } from 'node:timers/promises'
import type { Absence } from './absence.js'
import type { LocalStore } from './store.js'

/** Milliseconds: of each slice in which the store's keys are read, and between two. */
const SLICE = 5
const PAUSE = 20

/** Learns what a store holds, so that it is known what it lacks: soon after the start, and when there is no more room. */
export class Learning {
  readonly #base: LocalStore
  readonly #absence: Absence
  readonly #waiting: () => Iterable<string>
  #timer: NodeJS.Timeout | undefined
  #ended = false

  /** `waiting`: the keys on their way to the store. `after`: milliseconds until it begins. */
  constructor(base: LocalStore, absence: Absence, waiting: () => Iterable<string>, after: number) {
    this.#base = base
    this.#absence = absence
    this.#waiting = waiting
    this.#begin(after)
  }

  /** Told of every key before it is stored. */
  add(key: string): void {
    this.#absence.add(key)
    if (this.#absence.isWanted) this.#begin(PAUSE)
  }

  end(): void {
    this.#ended = true
    clearTimeout(this.#timer)
  }

  #begin(after: number): void {
    if (this.#timer !== undefined || this.#ended) return
    this.#timer = setTimeout(() => {
      this.#learn()
        // a store that is damaged, or closed meanwhile: everything is looked up as before
        .catch(() => this.#absence.giveUp())
        .finally(() => {
          this.#timer = undefined
        })
    }, after)
    this.#timer.unref()
  }

  async #learn(): Promise<void> {
    const { entries } = await this.#base.stats()
    const filter = this.#absence.learn(entries)
    for (const key of this.#waiting()) this.#absence.add(key)
    for (;;) {
      const done = await this.#base.noteKeys?.(filter.buffer, SLICE)
      if (done === undefined || this.#ended) this.#absence.giveUp()
      else if (done) this.#absence.learned()
      if (done !== false || this.#ended) return
      await sleep(PAUSE, undefined, { ref: false })
    }
  }
}

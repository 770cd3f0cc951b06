/**
 * An oracle for the decision, written from the description of greylisting (RFC 6647 §2.4; postgrey(8)) and not from
 * the code: it keeps every visit of a triplet since its first one, and judges over the whole history.
 */
export interface Rules {
  readonly delay: number
  readonly window: number
  readonly age: number
}

export class Automaton {
  #tries: number[] = []
  #passes: number[] = []
  readonly #rules: Rules

  constructor(rules: Rules) {
    this.#rules = rules
  }

  /** Times never go back. The seconds left, or 0 when the mail passes. */
  visit(now: number): number {
    const { delay, window, age } = this.#rules
    const lastPass = this.#passes.at(-1)
    if (lastPass !== undefined && now - lastPass <= age) {
      this.#passes.push(now)
      return 0
    }
    this.#passes = []
    const first = this.#tries[0]
    if (first === undefined || now - first > window) {
      this.#tries = [now]
      return delay
    }
    this.#tries.push(now)
    if (now - first < delay) return delay - (now - first)
    this.#passes.push(now)
    this.#tries = []
    return 0
  }
}

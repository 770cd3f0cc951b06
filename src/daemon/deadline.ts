/**
 * Milliseconds from a request to its answer, at most. Postfix waits for ten seconds where greyctl wrote its line, for 100 where
 * nobody said so (smtpd_policy_service_timeout), and whoever sends the mail waits with it.
 */
const LATEST_ANSWER = 5000
/** Milliseconds between two looks: a timer for each commit would cost more than the commit's part in an answer. */
const LOOK = 500

interface Awaited {
  readonly since: number
  readonly fail: (error: Error) => void
}

/** Commits that somebody waits for. A disk that hangs must not hold up mail: who waits too long is answered without. */
export class Deadline {
  /** The longest awaited first. */
  readonly #awaited = new Set<Awaited>()
  #timer: NodeJS.Timeout | undefined

  /** Calls `done` or `fail`, once. `since`: when the request came (performance.now()). */
  watch(commit: Promise<void>, since: number, done: () => void, fail: (error: Error) => void): void {
    const awaited = { since, fail }
    this.#awaited.add(awaited)
    this.#timer ??= setTimeout(() => this.#look(), LOOK)
    commit.then(
      () => {
        if (this.#awaited.delete(awaited)) done()
      },
      (error: Error) => {
        if (this.#awaited.delete(awaited)) fail(error)
      },
    )
  }

  #look(): void {
    this.#timer = undefined
    const before = performance.now() - LATEST_ANSWER
    for (const awaited of this.#awaited) {
      if (awaited.since > before) break
      this.#awaited.delete(awaited)
      awaited.fail(new Error(`the store did not take it within ${LATEST_ANSWER / 1000} s: see to its disk`))
    }
    if (this.#awaited.size > 0) this.#timer = setTimeout(() => this.#look(), LOOK)
  }
}

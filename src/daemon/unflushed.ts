/** Keys whose records are known but not committed yet: an answer that goes by one of them waits for its commit. */
export class Unflushed {
  readonly #keys = new Map<string, number>()
  #commits = 0
  #latest: Promise<void> = Promise.resolve()

  add(keys: Iterable<string>, commit: Promise<void>): void {
    this.#commits += 1
    const number = this.#commits
    const added = [...keys]
    for (const key of added) this.#keys.set(key, number)
    this.#latest = commit
    const forget = () => {
      for (const key of added) if (this.#keys.get(key) === number) this.#keys.delete(key)
    }
    commit.then(forget, forget)
  }

  has(key: string): boolean {
    return this.#keys.size > 0 && this.#keys.has(key)
  }

  /** Settles with the last commit; earlier ones have settled by then. */
  get settled(): Promise<void> {
    return this.#latest
  }
}

import type { GreyRecord } from '../greylist/record.js'

interface Sent {
  readonly record: GreyRecord
  readonly commit: number
}

/** Records on their way to the store: an answer that goes by one of them waits for its commit. */
export class Unflushed {
  readonly #records = new Map<string, Sent>()
  #commits = 0
  #latest: Promise<void> = Promise.resolve()

  add(records: ReadonlyMap<string, GreyRecord>, settled: Promise<void>): void {
    this.#commits += 1
    const commit = this.#commits
    for (const [key, record] of records) this.#records.set(key, { record, commit })
    this.#latest = settled
    const forget = () => {
      for (const key of records.keys())
        if (this.#records.get(key)?.commit === commit) this.#records.delete(key)
    }
    settled.then(forget, forget)
  }

  get size(): number {
    return this.#records.size
  }

  get(key: string): GreyRecord | undefined {
    return this.#records.get(key)?.record
  }

  /** Settles with the last commit; earlier ones have settled by then. */
  get settled(): Promise<void> {
    return this.#latest
  }
}

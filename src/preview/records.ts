import type { Policy } from '../greylist/policy.js'
import { type GreyRecord, isExpired } from '../greylist/record.js'
import { Rows } from './rows.js'

/** Triplets and clients that are remembered. */
const MOST_RECORDS = 500_000

/** What a daemon's store would hold, in about 40 bytes a record. */
export class Records {
  /** Records that were let go although they still counted. */
  forgotten = 0
  readonly #rows: Rows
  readonly #kind: Uint8Array
  readonly #first: Float64Array
  readonly #last: Float64Array
  readonly #count: Uint32Array

  constructor(capacity = MOST_RECORDS) {
    this.#rows = new Rows(capacity)
    this.#kind = new Uint8Array(capacity)
    this.#first = new Float64Array(capacity)
    this.#last = new Float64Array(capacity)
    this.#count = new Uint32Array(capacity)
  }

  get(key: string): GreyRecord | undefined {
    const row = this.#rows.find(key)
    return row === -1 ? undefined : this.#at(row)
  }

  /** `now`, seconds since the epoch, and the policy say what may go when there are too many. */
  set(key: string, { first, last, count }: GreyRecord, policy: Policy, now: number): void {
    let row = this.#rows.find(key)
    if (row === -1) {
      if (this.#rows.isFull) this.#makeRoom(policy, now)
      row = this.#rows.add(key)
    }
    this.#kind[row] = key.charCodeAt(0)
    this.#first[row] = first
    this.#last[row] = last
    this.#count[row] = count
  }

  /** What is expired goes; where that is less than a quarter, what was learned first. */
  #makeRoom(policy: Policy, now: number): void {
    this.#keep(
      (row) => !isExpired(String.fromCharCode(this.#kind[row] as number), this.#at(row), policy, now),
    )
    const surplus = Math.ceil(this.#rows.size - this.#rows.capacity * 0.75)
    if (surplus <= 0) return
    this.#keep((row) => row >= surplus)
    this.forgotten += surplus
  }

  #keep(wanted: (row: number) => boolean): void {
    this.#rows.keep(wanted, (from, to) => {
      for (const column of [this.#kind, this.#first, this.#last, this.#count]) {
        column[to] = column[from] as number
      }
    })
  }

  #at(row: number): GreyRecord {
    return {
      first: this.#first[row] as number,
      last: this.#last[row] as number,
      count: this.#count[row] as number,
    }
  }
}

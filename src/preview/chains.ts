import type { Triplet } from '../maillog/lives.js'
import { TextStore } from '../maillog/text-store.js'
import type { Attempt } from './attempt.js'
import { Rows } from './rows.js'

/** Mails under way. */
const MOST_CHAINS = 200_000

/** Mails from their first try on, by their two ends, in columns (rows.ts). Times in seconds since the epoch. */
export class Chains {
  /** Never two with the same, whatever became of the first. */
  readonly id: Float64Array
  readonly first: Float64Array
  readonly last: Float64Array
  readonly tries: Uint32Array
  /** 1: the first try was deferred then. */
  readonly deferred: Uint8Array
  /** 1: it is in by this reckoning, and what follows in the log are tries that would not have been. */
  readonly in: Uint8Array
  /** 1: its next try is imagined, and still to come. */
  readonly pending: Uint8Array
  readonly #text: Float64Array
  readonly #texts = new TextStore()
  readonly #rows: Rows
  #ids = 0

  constructor(capacity = MOST_CHAINS) {
    this.#rows = new Rows(capacity)
    this.id = new Float64Array(capacity)
    this.first = new Float64Array(capacity)
    this.last = new Float64Array(capacity)
    this.tries = new Uint32Array(capacity)
    this.deferred = new Uint8Array(capacity)
    this.in = new Uint8Array(capacity)
    this.pending = new Uint8Array(capacity)
    this.#text = new Float64Array(capacity)
  }

  get isFull(): boolean {
    return this.#rows.isFull
  }

  /** So many have to go until an eighth is free: one at a time would move all the others each time. */
  get surplus(): number {
    return Math.ceil(this.#rows.live - (this.#rows.capacity * 7) / 8)
  }

  /** -1: there is none. */
  find(pair: string): number {
    return this.#rows.find(pair)
  }

  /** -1: it is not under way any more. Ids rise with the rows. */
  withId(id: number): number {
    let [from, to] = [0, this.#rows.size - 1]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.id[middle] as number) < id) from = middle + 1
      else to = middle
    }
    return this.#rows.size > 0 && this.id[from] === id && !this.#rows.isRemoved(from) ? from : -1
  }

  /** While there is room. */
  begin(pair: string, { at, client, sender, recipient, deferred }: Attempt): number {
    const row = this.#rows.add(pair)
    this.#ids += 1
    this.id[row] = this.#ids
    this.first[row] = at
    this.last[row] = at
    this.tries[row] = 0
    this.deferred[row] = Number(deferred)
    this.in[row] = 0
    this.pending[row] = 0
    this.#text[row] = this.#texts.put([client.name, client.address, sender, recipient])
    return row
  }

  /** Of its first try. */
  tripletOf(row: number): Triplet {
    const [name = '', address = '', sender = '', recipient = ''] = this.#texts.get(this.#text[row] as number)
    return { client: { name, address }, sender, recipient }
  }

  remove(row: number): void {
    this.#rows.remove(row)
  }

  get #columns() {
    return [this.id, this.first, this.last, this.tries, this.deferred, this.in, this.pending]
  }

  /** Lets go of all that are not wanted, asked for in the order in which they began; the others have other rows after this. */
  keep(wanted: (row: number) => boolean): void {
    this.#texts.rewind()
    this.#rows.keep(wanted, (from, to) => {
      for (const column of this.#columns) column[to] = column[from] as number
      this.#text[to] = this.#texts.move(this.#text[from] as number)
    })
  }
}

import { Fingerprint, slotOf } from '../maillog/fingerprint.js'

/**
 * Row numbers for texts, in the order in which they came; the columns are somebody else's. A text is kept as its
 * fingerprint, in arrays that the garbage collector does not look into: a million mails that never come back took 586 MB
 * as maps of strings.
 */
export class Rows {
  /** Rows so far, removed ones among them. */
  size = 0
  readonly #print = new Fingerprint()
  readonly #a: Int32Array
  readonly #b: Int32Array
  readonly #removed: Uint8Array
  #live = 0
  /** Row numbers plus one, by open addressing. */
  readonly #index: Int32Array
  readonly #mask: number

  constructor(readonly capacity: number) {
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2))
    this.#a = new Int32Array(capacity)
    this.#b = new Int32Array(capacity)
    this.#removed = new Uint8Array(capacity)
    this.#index = new Int32Array(slots)
    this.#mask = slots - 1
  }

  get isFull(): boolean {
    return this.size >= this.capacity
  }

  /** Rows that were not removed. */
  get live(): number {
    return this.#live
  }

  /** -1: there is none. */
  find(text: string): number {
    const { a, b } = this.#print.start().addExact(Buffer.from(text, 'utf8'))
    for (let slot = slotOf(a, b, this.#mask); ; slot = (slot + 1) & this.#mask) {
      const row = (this.#index[slot] as number) - 1
      if (row === -1) return -1
      if (this.#a[row] === a && this.#b[row] === b && this.#removed[row] === 0) return row
    }
  }

  /** Of a text that has none, while there is room. */
  add(text: string): number {
    const row = this.size
    const { a, b } = this.#print.start().addExact(Buffer.from(text, 'utf8'))
    this.size += 1
    this.#enter(row, a, b)
    return row
  }

  isRemoved(row: number): boolean {
    return this.#removed[row] === 1
  }

  remove(row: number): void {
    this.#removed[row] = 1
    this.#live -= 1
  }

  /** Leaves those that are wanted, and not removed, in their order; `move` is told of each where it goes. */
  keep(wanted: (row: number) => boolean, move: (from: number, to: number) => void): void {
    const before = this.size
    this.#index.fill(0)
    this.size = 0
    this.#live = 0
    for (let row = 0; row < before; row += 1) {
      if (this.#removed[row] === 1 || !wanted(row)) continue
      const to = this.size
      this.size += 1
      this.#enter(to, this.#a[row] as number, this.#b[row] as number)
      move(row, to)
    }
  }

  #enter(row: number, a: number, b: number): void {
    this.#a[row] = a
    this.#b[row] = b
    this.#removed[row] = 0
    this.#live += 1
    let slot = slotOf(a, b, this.#mask)
    while (this.#index[slot] !== 0) slot = (slot + 1) & this.#mask
    this.#index[slot] = row + 1
  }
}

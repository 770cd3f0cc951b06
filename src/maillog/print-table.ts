import { type Fingerprint, slotOf } from './fingerprint.js'

const FIRST_SLOTS = 1024
type Print = Pick<Fingerprint, 'a' | 'b'>

/**
 * Small numbers by fingerprints, in columns that grow with what is in them: 16 to 32 bytes each, outside of the garbage
 * collector's sight, where a string in a Map takes 100 to 200.
 */
export class PrintTable {
  size = 0
  private columns = columnsOf(FIRST_SLOTS)

  /** `most`: entries at most; more are not taken. */
  constructor(private readonly most = Number.POSITIVE_INFINITY) {}

  /** 0 for what was never set. */
  get(print: Print): number {
    return this.columns.values[this.place(print)] as number
  }

  /** `value`: from 1 to 2^32 - 1. False where there is no room for another. */
  set({ a, b }: Print, value: number): boolean {
    let slot = this.place({ a, b })
    if (this.columns.values[slot] === 0) {
      if (this.size >= this.most) return false
      this.size += 1
      if (this.size > 0.75 * this.columns.values.length) {
        this.grow()
        slot = this.place({ a, b })
      }
      this.columns.a[slot] = a
      this.columns.b[slot] = b
    }
    this.columns.values[slot] = value
    return true
  }

  /** Where it is, or would be. */
  private place({ a, b }: Print): number {
    const { columns } = this
    const mask = columns.values.length - 1
    let slot = slotOf(a, b, mask)
    while (columns.values[slot] !== 0 && (columns.a[slot] !== a || columns.b[slot] !== b))
      slot = (slot + 1) & mask
    return slot
  }

  private grow(): void {
    const { a, b, values } = this.columns
    this.columns = columnsOf(2 * values.length)
    for (let from = 0; from < values.length; from += 1) {
      if (values[from] === 0) continue
      const to = this.place({ a: a[from] as number, b: b[from] as number })
      this.columns.a[to] = a[from] as number
      this.columns.b[to] = b[from] as number
      this.columns.values[to] = values[from] as number
    }
  }
}

function columnsOf(slots: number) {
  return { a: new Int32Array(slots), b: new Int32Array(slots), values: new Uint32Array(slots) }
}

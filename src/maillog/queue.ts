import { slotOf } from './fingerprint.js'

const WAYS = 16
/** Numbers in a message's row: 32 bytes, half of what the processor fetches at once. */
const ROW = 8
const ID_B = 0
const NET = 1
const SENDER = 3
const FLAGS = 5
/** As a double. */
const AT = 3

/**
 * Mail on its way from smtpd's `client=` to its deliveries, by the fingerprint of instance and queue id. Bounded: in
 * each set of sixteen the oldest is forgotten first, for a log may hold any number of messages that are never removed.
 * A queue id that is used again begins anew. What is known of a message lies together: a log of three million lines asks
 * four million times, each time elsewhere, and a column for each value was a wait for memory for each.
 */
export class QueueTable {
  private readonly idA: Int32Array
  private readonly age: Uint32Array
  private readonly rows: Int32Array
  private readonly doubles: Float64Array
  private readonly mask: number
  private clock = 0

  constructor(limit: number) {
    const sets = 2 ** Math.ceil(Math.log2(Math.max(1, (limit * 2) / WAYS)))
    const slots = sets * WAYS
    this.mask = sets - 1
    this.idA = new Int32Array(slots)
    this.age = new Uint32Array(slots)
    const rows = new ArrayBuffer(slots * ROW * 4)
    this.rows = new Int32Array(rows)
    this.doubles = new Float64Array(rows)
  }

  /**
   * The slot for a message that begins; what was there is forgotten. `at`: seconds since the epoch when smtpd took the
   * first recipient (NaN: unknown); the fingerprint of the client's network.
   */
  enter(idA: number, idB: number, at: number, netA: number, netB: number): number {
    const slot = this.place(idA, idB)
    // 0 is a free slot's
    this.clock = (this.clock + 1) >>> 0 || 1
    this.idA[slot] = idA
    this.age[slot] = this.clock
    const row = slot * ROW
    this.rows[row + ID_B] = idB
    this.rows[row + NET] = netA
    this.rows[row + NET + 1] = netB
    this.rows[row + FLAGS] = 0
    this.doubles[slot * (ROW / 2) + AT] = at
    return slot
  }

  /** -1 for a message whose beginning was not seen. */
  find(idA: number, idB: number): number {
    const first = slotOf(idA, idB, this.mask) * WAYS
    for (let slot = first; slot < first + WAYS; slot += 1)
      if (this.idA[slot] === idA && this.rows[slot * ROW + ID_B] === idB && this.age[slot] !== 0) return slot
    return -1
  }

  remove(idA: number, idB: number): void {
    const slot = this.find(idA, idB)
    if (slot !== -1) this.age[slot] = 0
  }

  flags(slot: number): number {
    return this.rows[slot * ROW + FLAGS] as number
  }

  setFlags(slot: number, flags: number): void {
    this.rows[slot * ROW + FLAGS] = flags
  }

  at(slot: number): number {
    return this.doubles[slot * (ROW / 2) + AT] as number
  }

  netA(slot: number): number {
    return this.rows[slot * ROW + NET] as number
  }

  netB(slot: number): number {
    return this.rows[slot * ROW + NET + 1] as number
  }

  /** The fingerprint so far, up to the sender. */
  setSender(slot: number, { a, b }: { readonly a: number; readonly b: number }): void {
    this.rows[slot * ROW + SENDER] = a
    this.rows[slot * ROW + SENDER + 1] = b
  }

  senderA(slot: number): number {
    return this.rows[slot * ROW + SENDER] as number
  }

  senderB(slot: number): number {
    return this.rows[slot * ROW + SENDER + 1] as number
  }

  /** Where it was, else the oldest place or a free one. */
  private place(idA: number, idB: number): number {
    const first = slotOf(idA, idB, this.mask) * WAYS
    let oldest = first
    for (let slot = first; slot < first + WAYS; slot += 1) {
      if (this.idA[slot] === idA && this.rows[slot * ROW + ID_B] === idB) return slot
      if ((this.age[slot] as number) < (this.age[oldest] as number)) oldest = slot
    }
    return oldest
  }
}

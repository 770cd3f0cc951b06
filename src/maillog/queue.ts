import { slotOf } from './fingerprint.js'

const WAYS = 16

/**
 * Mail on its way from smtpd's `client=` to its deliveries, by the fingerprint of instance and queue id. Bounded: in
 * each set of sixteen the oldest is forgotten first, for a log may hold any number of messages that are never removed.
 * A queue id that is used again begins anew.
 */
export class QueueTable {
  private readonly idA: Int32Array
  private readonly idB: Int32Array
  private readonly age: Float64Array
  /** Fingerprint of the client's network. */
  readonly netA: Int32Array
  readonly netB: Int32Array
  /** 1: authenticated or of an own network; 2: qmgr named its sender; 4: the sender is greyctl's probe. */
  readonly flags: Uint8Array
  /** Seconds since the epoch when smtpd took the first recipient; NaN: unknown. */
  readonly at: Float64Array
  /** The fingerprint so far, up to the sender. */
  readonly senderA: Int32Array
  readonly senderB: Int32Array
  private readonly mask: number
  private clock = 0

  constructor(limit: number) {
    const sets = 2 ** Math.ceil(Math.log2(Math.max(1, (limit * 2) / WAYS)))
    const slots = sets * WAYS
    this.mask = sets - 1
    this.idA = new Int32Array(slots)
    this.idB = new Int32Array(slots)
    this.age = new Float64Array(slots)
    this.netA = new Int32Array(slots)
    this.netB = new Int32Array(slots)
    this.flags = new Uint8Array(slots)
    this.at = new Float64Array(slots)
    this.senderA = new Int32Array(slots)
    this.senderB = new Int32Array(slots)
  }

  /** The slot for a message that begins; what was there is forgotten. */
  enter(idA: number, idB: number): number {
    const first = slotOf(idA, idB, this.mask) * WAYS
    let oldest = first
    for (let slot = first; slot < first + WAYS; slot += 1) {
      if (this.idA[slot] === idA && this.idB[slot] === idB) {
        oldest = slot
        break
      }
      if ((this.age[slot] as number) < (this.age[oldest] as number)) oldest = slot
    }
    this.clock += 1
    this.idA[oldest] = idA
    this.idB[oldest] = idB
    this.age[oldest] = this.clock
    this.flags[oldest] = 0
    return oldest
  }

  /** -1 for a message whose beginning was not seen. */
  find(idA: number, idB: number): number {
    const first = slotOf(idA, idB, this.mask) * WAYS
    for (let slot = first; slot < first + WAYS; slot += 1)
      if (this.idA[slot] === idA && this.idB[slot] === idB && this.age[slot] !== 0) return slot
    return -1
  }

  remove(idA: number, idB: number): void {
    const slot = this.find(idA, idB)
    if (slot !== -1) this.age[slot] = 0
  }
}

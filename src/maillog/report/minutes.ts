import { isoTime } from '../time.js'
import type { Minute } from './shape.js'

const SHOWN = 60

/** Deferrals and acceptances of the last hour: a ring, whatever times a log has. */
export class MinuteTally {
  private readonly of = new Float64Array(SHOWN).fill(Number.NaN)
  private readonly counts = {
    deferred: new Uint32Array(SHOWN),
    accepted: new Uint32Array(SHOWN),
  }

  /** Seconds since the epoch. What has no time, or one that is not of the hour before now, is in no minute. */
  add(what: 'deferred' | 'accepted', at: number | undefined, now: number): void {
    if (at === undefined) return
    const minute = Math.floor(at / 60)
    const age = Math.floor(now / 60) - minute
    if (age < 0 || age >= SHOWN) return
    const slot = minute % SHOWN
    if (this.of[slot] !== minute) {
      this.of[slot] = minute
      this.counts.deferred[slot] = 0
      this.counts.accepted[slot] = 0
    }
    this.counts[what][slot] = (this.counts[what][slot] as number) + 1
  }

  /** The hour that ends with this minute; seconds since the epoch. */
  upTo(now: number): readonly Minute[] {
    const last = Math.floor(now / 60)
    return Array.from({ length: SHOWN }, (_, at) => {
      const minute = last - SHOWN + 1 + at
      const slot = minute % SHOWN
      const isKept = this.of[slot] === minute
      const { deferred, accepted } = this.counts
      return {
        from: isoTime(minute * 60),
        deferred: isKept ? (deferred[slot] as number) : 0,
        accepted: isKept ? (accepted[slot] as number) : 0,
      }
    })
  }
}

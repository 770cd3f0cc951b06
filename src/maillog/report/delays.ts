import type { Bucket } from './shape.js'

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400

/** Where people's patience changes, not equal steps: greylisting delays span a minute to days. */
const EDGES = [
  0,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  DAY,
]

/** Whole seconds from first deferral to acceptance, counted by bucket. */
export class DelayTally {
  /** Seconds, of all together. */
  total = 0
  private readonly counts = EDGES.map(() => 0)

  add(seconds: number): void {
    this.total += seconds
    const at = EDGES.findLastIndex((edge) => seconds >= edge)
    this.counts[Math.max(0, at)] = (this.counts[Math.max(0, at)] ?? 0) + 1
  }

  buckets(): readonly Bucket[] {
    return EDGES.map((from, at) => ({ from, below: EDGES[at + 1] ?? null, count: this.counts[at] ?? 0 }))
  }
}

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

/** Whole seconds from first deferral to acceptance, and how often each was seen, by bucket. */
export function bucketsOf(delays: ReadonlyMap<number, number>): readonly Bucket[] {
  const counts = EDGES.map(() => 0)
  for (const [seconds, times] of delays) {
    const at = EDGES.findLastIndex((edge) => seconds >= edge)
    counts[at] = (counts[at] ?? 0) + times
  }
  return EDGES.map((from, at) => ({ from, below: EDGES[at + 1] ?? null, count: counts[at] ?? 0 }))
}

/** Seconds of all together. */
export function totalOf(delays: ReadonlyMap<number, number>): number {
  let total = 0
  for (const [seconds, times] of delays) total += seconds * times
  return total
}

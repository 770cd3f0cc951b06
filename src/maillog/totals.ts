import { deferralsOf, deferredAtOf, delayOfLife, type Story, seriesSeconds, storyOf } from './life.js'
import type { Lives } from './lives.js'

/** Stories kept as examples, and as evidence of trouble. */
const KEPT = 5
/** Deferrals in a series from which on it may be one that never ends. */
const STUCK_DEFERRALS = 3

/** A series of deferrals that no acceptance ended, by its length. */
export interface Stuck {
  readonly count: number
  /** The longest first. */
  readonly worst: readonly Story[]
}

/** What all lives come to. They are added one by one and can be let go then: a log may hold any number of them. */
export class Totals {
  greylisted = 0
  passed = 0
  earlyRetries = 0
  /** Never accepted themselves, but the same mail came in from another network. */
  acceptedElsewhere = 0
  /** Was any deferral seen, not only told of by a pass? */
  sawDeferral = false
  /** Seconds since the epoch. */
  earliestDeferral: number | undefined
  /** How often mail waited for so many whole seconds. */
  readonly delays = new Map<number, number>()
  private readonly passedLast: Story[] = []
  private readonly waitingLast: Story[] = []
  /** By their length in whole seconds: which of them are too long is known at the end. */
  private readonly openSeries = new Map<number, number>()
  private readonly longest: Story[] = []

  /** The same so far, to be added to apart from this. */
  copy(): Totals {
    const copy = new Totals()
    const { delays, passedLast, waitingLast, openSeries, longest, ...counts } = this
    Object.assign(copy, counts)
    for (const [seconds, times] of delays) copy.delays.set(seconds, times)
    for (const [seconds, times] of openSeries) copy.openSeries.set(seconds, times)
    copy.passedLast.push(...passedLast)
    copy.waitingLast.push(...waitingLast)
    copy.longest.push(...longest)
    return copy
  }

  add(lives: Lives, life: number): void {
    const { columns } = lives
    const passed = columns.passed[life] === 1
    const deferredAt = deferredAtOf(lives, life)
    this.greylisted += 1
    this.earlyRetries += deferralsOf(lives, life) - 1
    if (!Number.isNaN(columns.last[life])) this.sawDeferral = true
    if (!(deferredAt >= (this.earliestDeferral ?? Number.POSITIVE_INFINITY)) && !Number.isNaN(deferredAt))
      this.earliestDeferral = deferredAt
    if (passed) {
      this.passed += 1
      const delay = delayOfLife(lives, life)
      if (!Number.isNaN(delay)) this.delays.set(delay, (this.delays.get(delay) ?? 0) + 1)
    } else if (!Number.isNaN(columns.elsewhereAt[life])) this.acceptedElsewhere += 1
    const newest = passed ? (columns.passedAt[life] as number) : deferredAt
    keepHighest(passed ? this.passedLast : this.waitingLast, newest, newestOf, () => storyOf(lives, life))
    if (!passed && (columns.seriesCount[life] as number) >= STUCK_DEFERRALS) this.addSeries(lives, life)
  }

  /** Those that passed first, the latest first: what a person can look up in the log. */
  get examples(): readonly Story[] {
    return [...this.passedLast, ...this.waitingLast].slice(0, KEPT)
  }

  /** Seconds; undefined where nothing passed. */
  get shortestDelay(): number | undefined {
    let shortest: number | undefined
    for (const delay of this.delays.keys()) if (!(delay >= (shortest ?? delay + 1))) shortest = delay
    return shortest
  }

  /** Series of deferrals that went on for longer than this (seconds). */
  stuck(longerThan: number): Stuck {
    let count = 0
    for (const [seconds, times] of this.openSeries) if (seconds > longerThan) count += times
    return { count, worst: this.longest.filter(({ series }) => series.seconds > longerThan) }
  }

  private addSeries(lives: Lives, life: number): void {
    const seconds = seriesSeconds(lives, life)
    this.openSeries.set(seconds, (this.openSeries.get(seconds) ?? 0) + 1)
    keepHighest(
      this.longest,
      seconds,
      (story) => story.series.seconds,
      () => storyOf(lives, life),
    )
  }
}

function newestOf(story: Story): number {
  return (story.passed ? story.passedAt : story.deferredAt) ?? 0
}

/** The story is only made when it is among the highest. Equal ones stay in their order. */
function keepHighest(
  kept: Story[],
  value: number,
  heightOf: (story: Story) => number,
  make: () => Story,
): void {
  const height = Number.isNaN(value) ? 0 : value
  const last = kept.at(-1)
  if (kept.length >= KEPT && last !== undefined && heightOf(last) >= height) return
  const at = kept.findIndex((story) => heightOf(story) < height)
  kept.splice(at === -1 ? kept.length : at, 0, make())
  if (kept.length > KEPT) kept.pop()
}

/** Nearest rank, of values and how often each was seen. */
export function percentileOf(counts: ReadonlyMap<number, number>, percent: number): number | null {
  let total = 0
  for (const count of counts.values()) total += count
  let rank = Math.max(1, Math.ceil((percent / 100) * total))
  for (const [value, count] of [...counts].sort(([a], [b]) => a - b)) {
    rank -= count
    if (rank <= 0) return value
  }
  return null
}

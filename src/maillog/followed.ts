import { defer, deferralsSoFar, pass, RETRY_WINDOW, storyOf } from './life.js'
import { type Key, Lives, type Triplet } from './lives.js'
import type { Observer } from './observer.js'
import { Totals } from './totals.js'

/** The triplets that are followed. When there are too many, some are let go: those stay in the totals. */
export class Followed {
  readonly lives: Lives
  readonly totals = new Totals()
  /** Triplets that were let go while they waited. */
  untracked = 0

  constructor(
    limit: number,
    private readonly observer: Observer,
  ) {
    this.lives = new Lives(limit)
  }

  /** `at`: the log's time, in seconds since the epoch. */
  begin(key: Key, triplet: Triplet, at: number | undefined): number {
    if (this.lives.isFull) this.makeRoom(at)
    return this.lives.add(key, triplet)
  }

  /** The same with name, address, sender and recipient as they lie in the log, in ASCII: where each begins and ends. */
  beginAt(key: Key, bytes: Buffer, spans: Int32Array, at: number): number {
    if (this.lives.isFull) this.makeRoom(at)
    return this.lives.addAt(key, bytes, spans)
  }

  defer(life: number, teller: 'greylister' | 'postfix', at: number | undefined, times: number): void {
    const { lives, observer } = this
    const before = observer.deferred === undefined ? 0 : deferralsSoFar(lives, life)
    defer(lives, life, teller, at, times)
    if (observer.deferred !== undefined && deferralsSoFar(lives, life) > before)
      observer.deferred(storyOf(lives, life))
  }

  pass(life: number, at: number | undefined, delay: number | undefined): void {
    const { lives, observer } = this
    const before = lives.columns.passed[life]
    pass(lives, life, at, delay)
    if (before === 0) observer.passed?.(storyOf(lives, life))
  }

  /**
   * Lets go of what is over (accepted, or so old that greylisters have forgotten it), and where that is not enough,
   * of those that wait longest: at least an eighth goes each time.
   */
  private makeRoom(at: number | undefined): void {
    const { lives } = this
    const { passed, passedAt, last } = lives.columns
    const recent = (life: number): number => {
      const seen = Math.max(0, last[life] || 0, passedAt[life] || 0)
      const over = passed[life] === 1 || (at !== undefined && at - seen > RETRY_WINDOW)
      return over ? seen - 1e12 : seen
    }
    const times = Float64Array.from({ length: lives.size }, (_, life) => recent(life)).sort()
    const bound = times[Math.ceil(lives.size / 8) - 1] as number
    const goes = new Uint8Array(lives.size)
    let left = Math.ceil(lives.size / 8)
    for (let life = 0; life < lives.size; life += 1) {
      const value = recent(life)
      const over = value < 0
      if (!over && (value > bound || left <= 0)) continue
      if (!over) this.untracked += 1
      left -= 1
      goes[life] = 1
    }
    this.letGo(goes, at)
  }

  /**
   * The newest first: totals make a story of what is newer than all before it, which the other way round is of each.
   * (4 GB of log: three tenths of the processor's time, and garbage with which the peak of memory was 213 MiB, not 145.)
   */
  private letGo(goes: Uint8Array, at: number | undefined): void {
    const { lives, observer } = this
    for (let life = goes.lastIndexOf(1); life >= 0; life -= 1)
      if (goes[life] === 1) this.totals.add(lives, life)
    lives.keep((life) => {
      if (goes[life] === 0) return true
      observer.letGo?.(storyOf(lives, life), at)
      return false
    })
  }
}

import { ownText } from '../own-text.js'
import type { Outcome } from './outcomes.js'
import type { Ranked, Ranking } from './shape.js'

type Counts = { -readonly [K in keyof Ranked]: Ranked[K] }

/** Names kept for good; twice as many while counting. */
const KEPT_NAMES = 50_000

/**
 * Counts names, exactly while they are few. Beyond the limit the rarest are forgotten again and again (as in Manku and
 * Motwani's lossy counting): memory is bounded, frequent names stay, and by how much they may be too low is known.
 */
export class RankingTally {
  private readonly names = new Map<string, Counts>()
  private mayMiss = 0

  constructor(private readonly kept = KEPT_NAMES) {}

  /** `name`: what is shown for the key that is seen first. */
  add(key: string, name: string, outcome: Outcome): void {
    let row = this.names.get(key)
    if (row === undefined) {
      if (this.names.size >= 2 * this.kept) this.forgetRare()
      // in memory of its own: a part of a story's text keeps all of it
      const own = ownText(key)
      row = { name: name === key ? own : ownText(name), greylisted: 0, cameBack: 0, neverCameBack: 0 }
      this.names.set(own, row)
    }
    row.greylisted += 1
    if (outcome === 'cameBack' || outcome === 'neverCameBack') row[outcome] += 1
  }

  /** `top`: rows at most; 0: all. */
  end(top: number): Ranking {
    const rows = [...this.names.values()].sort(
      (a, b) =>
        b.greylisted - a.greylisted || b.neverCameBack - a.neverCameBack || (a.name < b.name ? -1 : 1),
    )
    return { names: rows.length, rows: top === 0 ? rows : rows.slice(0, top), mayMiss: this.mayMiss }
  }

  private forgetRare(): void {
    const counts = [...this.names.values()].map((row) => row.greylisted).sort((a, b) => b - a)
    const least = counts[this.kept] ?? 0
    for (const [key, row] of this.names) if (row.greylisted <= least) this.names.delete(key)
    this.mayMiss += least
  }
}

import type { Passed } from '../event.js'
import { ownText } from '../own-text.js'
import type { CalendarTally } from './calendar.js'
import type { Reason } from './shape.js'

/** postgrey's forks invent reasons; a hostile log could invent any number. */
const MOST_REASONS = 30
const LONGEST_REASON = 80
const OTHERS = 'other reasons'

/** Counts what whitelists let through, by the greylister's own words. */
export class WhitelistTally {
  private readonly reasons = new Map<string, number>()

  constructor(private readonly calendar: CalendarTally) {}

  add({ said }: Passed, at: number | undefined, times: number): void {
    this.calendar.whitelisted(at, times)
    const own = ownText(said.slice(0, LONGEST_REASON))
    const reason = this.reasons.has(own) || this.reasons.size < MOST_REASONS ? own : OTHERS
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + times)
  }

  end(): readonly Reason[] {
    return [...this.reasons]
      .map(([reason, count]) => ({ reason, count }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
  }
}

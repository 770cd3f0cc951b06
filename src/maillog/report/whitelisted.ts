import { ownText } from '../own-text.js'
import type { Told } from '../story.js'
import { isProbe } from '../triplet.js'
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

  hear({ event, at, repeat }: Told): void {
    if (event.kind !== 'passed' || event.reason !== 'whitelist') return
    if (isProbe(event.client, event.sender, event.recipient)) return
    this.calendar.whitelisted(at, repeat)
    const said = event.said.slice(0, LONGEST_REASON)
    const known = this.reasons.has(said) || this.reasons.size < MOST_REASONS
    const reason = known ? said : OTHERS
    this.reasons.set(known ? ownText(reason) : reason, (this.reasons.get(reason) ?? 0) + repeat)
  }

  end(): readonly Reason[] {
    return [...this.reasons]
      .map(([reason, count]) => ({ reason, count }))
      .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1))
  }
}

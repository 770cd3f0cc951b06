import type { Story } from '../life.js'
import type { Outcome } from './outcomes.js'
import type { Calendar, Day, Tally } from './shape.js'

type Counts = { -readonly [K in keyof Tally]: Tally[K] }

/** Ten years: what a hostile log writes beyond is counted as undated. */
const MOST_DAYS = 3660
/** Empty days between others are shown where the log is not a patchwork of years. */
const LONGEST_GAP = 400

export function emptyTally(): Counts {
  return {
    greylisted: 0,
    cameBack: 0,
    elsewhere: 0,
    waiting: 0,
    neverCameBack: 0,
    earlyRetries: 0,
    whitelisted: 0,
  }
}

/** Volume by day and by hour of day, in this process's time zone. Memory is bounded by MOST_DAYS. */
export class CalendarTally {
  private readonly days = new Map<string, Counts>()
  private readonly hours = Array.from({ length: 24 }, emptyTally)
  private readonly undated = emptyTally()

  story(story: Story, outcome: Outcome): void {
    this.each(story.deferredAt, (tally) => {
      tally.greylisted += 1
      tally[outcome] += 1
      tally.earlyRetries += story.deferrals - 1
    })
  }

  whitelisted(at: number | undefined, times: number): void {
    this.each(at, (tally) => {
      tally.whitelisted += times
    })
  }

  end(): Calendar {
    const known = [...this.days].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      days: withGaps(known.map(([day, tally]) => ({ day, ...tally }))),
      hours: this.hours.map((tally, hour) => ({ hour, ...tally })),
      undated: this.undated,
    }
  }

  private each(at: number | undefined, count: (tally: Counts) => void): void {
    const date = at === undefined ? undefined : new Date(at * 1000)
    if (date === undefined || Number.isNaN(date.getTime())) {
      count(this.undated)
      return
    }
    const hour = this.hours[date.getHours()]
    if (hour) count(hour)
    count(this.dayOf(date))
  }

  private dayOf(date: Date): Counts {
    const day = dayText(date)
    const known = this.days.get(day)
    if (known) return known
    if (this.days.size >= MOST_DAYS) return this.undated
    const fresh = emptyTally()
    this.days.set(day, fresh)
    return fresh
  }
}

function dayText(date: Date): string {
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0'))
  return `${String(date.getFullYear()).padStart(4, '0')}-${month}-${day}`
}

function withGaps(days: readonly Day[]): readonly Day[] {
  const all: Day[] = []
  for (const day of days) {
    const missing = daysBetween(all.at(-1)?.day, day.day)
    if (missing.length <= LONGEST_GAP) all.push(...missing.map((name) => ({ day: name, ...emptyTally() })))
    all.push(day)
  }
  return all
}

/** The days after the one and before the other. */
function daysBetween(from: string | undefined, to: string): readonly string[] {
  if (from === undefined) return []
  const days: string[] = []
  const day = new Date(`${from}T00:00:00Z`)
  while (days.length <= LONGEST_GAP) {
    day.setUTCDate(day.getUTCDate() + 1)
    const name = day.toISOString().slice(0, 10)
    if (name >= to) return days
    days.push(name)
  }
  return days
}

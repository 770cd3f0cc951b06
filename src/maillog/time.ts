/** As syslog daemons write them in the languages of their hosts (strftime's %b), without what is not ASCII. */
const MONTHS: readonly (readonly string[])[] = [
  ['jan', 'janv', 'ene', 'gen', 'sty'],
  ['feb', 'fvr', 'fev', 'lut'],
  ['mar', 'mrz', 'mr', 'mrt', 'mars', 'maa'],
  ['apr', 'avr', 'abr', 'kwi'],
  ['may', 'mai', 'mei', 'mag', 'maj'],
  ['jun', 'juin', 'giu', 'cze', 'juni'],
  ['jul', 'juil', 'lug', 'lip', 'juli'],
  ['aug', 'aot', 'ago', 'sie'],
  ['sep', 'sept', 'set', 'wrz'],
  ['oct', 'okt', 'ott', 'out', 'pa'],
  ['nov', 'lis'],
  ['dec', 'dez', 'dic', 'dc', 'des', 'gru'],
]
const MONTH_NUMBERS = new Map(MONTHS.flatMap((names, month) => names.map((name) => [name, month] as const)))

/** A date without a year, as RFC 3164 writes it; month 0 to 11. */
export interface MonthDay {
  readonly month: number
  readonly day: number
}

/** 0 to 11; -1 for no month. */
export function monthOf(name: string): number {
  return MONTH_NUMBERS.get(name.toLowerCase().replace(/[^a-z]/g, '')) ?? -1
}

/** The latest year in which this day is not after the reference (seconds since the epoch; a day of slack for clocks). */
export function latestYear({ month, day }: MonthDay, reference: number): number {
  const limit = (reference + 86_400) * 1000
  let year = new Date(limit).getFullYear()
  const fits = () => {
    const date = new Date(year, month, day)
    // 29 February moves on to 1 March in other years
    return date.getMonth() === month && date.getTime() <= limit
  }
  for (let tries = 0; tries < 9 && !fits(); tries += 1) year -= 1
  return year
}

/**
 * How many years to add between one line and the next: dates that go back mean a new year, except for lines that
 * came a little late (31 December after 1 January, 31 January after 1 February).
 */
export function yearStep(before: number, month: number): number {
  const difference = month - before
  if (difference === 11) return -1
  return difference <= -2 ? 1 : 0
}

/** Gives years to RFC 3164 dates of one file, in the file's order: `Mmm dd hh:mm:ss`, local time. */
export class YearClock {
  /** For the lines that do have years. */
  readonly iso = new IsoClock()
  /** Counts the minutes that were new: who remembers one knows by it whether the clock has moved since. */
  moves = 0
  readonly #reference: number
  #year: number | undefined
  #month = 0
  #prefix = ''
  #minute = 0

  /** `reference`: the time (seconds) that no line is later than; `firstYear` where the file was scanned before (firstYearOf). */
  constructor(reference: number, firstYear?: number) {
    this.#reference = reference
    this.#year = firstYear
  }

  /** Seconds since the epoch; undefined for a date that does not exist. */
  at(month: string, day: string, time: string): number | undefined {
    const prefix = `${month}${day} ${time.slice(0, 5)}`
    if (prefix !== this.#prefix) {
      const minute = this.#minuteOf(monthOf(month), Number(day), time)
      if (minute === undefined) return undefined
      this.#prefix = prefix
      this.#minute = minute
    }
    return this.#minute + Number(time.slice(6, 8))
  }

  #minuteOf(month: number, day: number, time: string): number | undefined {
    if (month < 0 || day < 1 || day > 31) return undefined
    this.moves += 1
    if (this.#year === undefined) this.#year = latestYear({ month, day }, this.#reference)
    // the scan's first line is the first that gets here: no step before it
    else if (this.#prefix !== '') this.#year += yearStep(this.#month, month)
    this.#month = month
    // an hour is asked of the calendar and its minutes are counted, as StampReader does
    const hour = new Date(this.#year, month, day, Number(time.slice(0, 2)))
    return hour.getTime() / 1000 + Number(time.slice(3, 5)) * 60
  }
}

const LINE_START = /^(?:<\d{1,3}>)?([^\s\d[\](){}<>:,]{3,7}) {1,2}(\d{1,2}) \d\d:\d\d:\d\d/

/** Month and day of a line that begins with an RFC 3164 time. */
export function monthDayOf(line: string): MonthDay | undefined {
  const match = LINE_START.exec(line)
  if (match === null) return undefined
  const month = monthOf(match[1] ?? '')
  return month < 0 ? undefined : { month, day: Number(match[2]) }
}

const ISO = /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/

/** Seconds of the start of an hour of a date (`2026-11-23`), in a zone or in local time; NaN for no date. */
function hourStart(date: string, hour: string, zone: string): number {
  const colon = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone
  return Date.parse(`${date}T${hour}:00:00${colon}`) / 1000
}

/** RFC 3339 and its relatives (offset without a colon, none at all: local time) to seconds; undefined for no date. */
export function isoSeconds(text: string, startOf = hourStart): number | undefined {
  const match = ISO.exec(text)
  if (match === null) return undefined
  const [, date = '', hour = '', minute, second, fraction, zone = ''] = match
  if (Number(minute) > 59 || Number(second) > 60) return undefined
  const seconds = startOf(date, hour, zone) + Number(minute) * 60 + Number(second)
  if (Number.isNaN(seconds)) return undefined
  return fraction === undefined ? seconds : seconds + Number(`0.${fraction}`)
}

/** isoSeconds for the lines of one log: a date is parsed once an hour of log, not once a line. */
export class IsoClock {
  #hour = ''
  #start = Number.NaN

  at(text: string): number | undefined {
    return isoSeconds(text, (date, hour, zone) => {
      const key = date + hour + zone
      if (key !== this.#hour) {
        this.#hour = key
        this.#start = hourStart(date, hour, zone)
      }
      return this.#start
    })
  }
}

/** Seconds since the epoch as ISO 8601, UTC, whole seconds. */
export function isoTime(seconds: number): string {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`
}

/** null for a time that there is not, or that no calendar has. */
export function timeOrNull(seconds: number | undefined): string | null {
  return seconds === undefined || Math.abs(seconds) > 8.64e12 ? null : isoTime(seconds)
}

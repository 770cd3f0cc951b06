const UNITS = new Map([
  ['s', 1],
  ['sec', 1],
  ['second', 1],
  ['m', 60],
  ['min', 60],
  ['minute', 60],
  ['h', 3600],
  ['hour', 3600],
  ['d', 86_400],
  ['day', 86_400],
  ['w', 604_800],
  ['week', 604_800],
])

const AGO = /^(\d{1,6}) ?([a-z]+?)s?(?: ago)?$/
const DAY_AND_TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?$/i

/**
 * A time as people say it: ISO 8601 (local time without a zone), `today`, `yesterday` (their midnights), `2 hours ago`,
 * `90m`, `@SECONDS`. Seconds since the epoch; undefined for anything else. `now` in seconds.
 */
export function parseSince(text: string, now: number): number | undefined {
  const said = text.trim().toLowerCase()
  if (said === 'now') return now
  if (said === 'today') return midnight(now, 0)
  if (said === 'yesterday') return midnight(now, 1)
  if (/^@\d{1,12}$/.test(said)) return Number(said.slice(1))
  const ago = AGO.exec(said)
  const unit = UNITS.get(ago?.[2] ?? '')
  if (ago && unit !== undefined) return now - Number(ago[1]) * unit
  return DAY_AND_TIME.test(said) ? calendarTime(said) : undefined
}

/** A bare date is local midnight, not UTC's, which Date takes it for. */
function calendarTime(said: string): number | undefined {
  const whole = said.length === 10 ? `${said}T00:00` : said.replace(' ', 'T')
  const milliseconds = Date.parse(whole.toUpperCase())
  return Number.isNaN(milliseconds) ? undefined : milliseconds / 1000
}

function midnight(now: number, daysBefore: number): number {
  const day = new Date(now * 1000)
  return new Date(day.getFullYear(), day.getMonth(), day.getDate() - daysBefore).getTime() / 1000
}

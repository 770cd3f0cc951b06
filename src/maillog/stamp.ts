const MONTHS = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, at) => [
    name,
    at,
  ]),
)

const DAY = 86_400

/** 0 to 11; undefined for anything that is no English month's short name (syslog writes no other language). */
export function monthOf(name: string): number | undefined {
  return MONTHS.get(name)
}

/** The month, from 0, and day of a stamp that has no year, and its time of day in local time. */
export interface YearlessStamp {
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/**
 * RFC 3164 stamps have no year. The latest year in which the stamp lies not after the reference (when the file was
 * last written), with a day's tolerance for clocks and zones. 29 February is looked for in leap years alone.
 * Seconds since the epoch; undefined for a date that no year has.
 */
export function inferTime(stamp: YearlessStamp, reference: number): number | undefined {
  const latest = new Date((reference + DAY) * 1000).getFullYear() + 1
  for (let year = latest; year > latest - 12; year -= 1) {
    const date = new Date(year, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second)
    if (date.getMonth() !== stamp.month || date.getDate() !== stamp.day) continue
    const seconds = date.getTime() / 1000
    if (seconds <= reference + DAY) return seconds
  }
  return undefined
}

/** Seconds east of UTC for `Z`, `+0100`, `+01:00`, `UTC`; undefined for nothing or a name that is not universal. */
export function zoneOffset(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined
  if (zone === 'Z' || zone === 'UTC' || zone === 'GMT') return 0
  const parts = /^([+-])(\d\d):?(\d\d)$/.exec(zone)
  if (!parts) return undefined
  const seconds = Number(parts[2]) * 3600 + Number(parts[3]) * 60
  return parts[1] === '-' ? -seconds : seconds
}

/** A full date, in its zone or, without one, in local time. Seconds since the epoch, with fraction. */
export function fullTime(
  parts: readonly [year: number, month: number, day: number, hour: number, minute: number, second: number],
  fraction: number,
  offset: number | undefined,
): number | undefined {
  const [year, month, day, hour, minute, second] = parts
  const milliseconds =
    offset === undefined
      ? new Date(year, month, day, hour, minute, second).getTime()
      : Date.UTC(year, month, day, hour, minute, second) - offset * 1000
  return Number.isFinite(milliseconds) ? milliseconds / 1000 + fraction : undefined
}

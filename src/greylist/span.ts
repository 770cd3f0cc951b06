const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `90s`, `15m`, `2h`, `30d` in seconds; undefined for anything else. */
export function parseSpan(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const seconds = UNITS[unit]
  return seconds === undefined ? undefined : Number(count) * seconds
}

/** `45 s`, `4 m 10 s`, `2 h 5 m`, `3 d 4 h`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return '-'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return pair(seconds, 60, 'm', 's')
  if (seconds < 86_400) return pair(Math.floor(seconds / 60), 60, 'h', 'm')
  return pair(Math.floor(seconds / 3600), 24, 'd', 'h')
}

function pair(total: number, size: number, large: string, small: string): string {
  const rest = total % size
  return rest === 0
    ? `${Math.floor(total / size)} ${large}`
    : `${Math.floor(total / size)} ${large} ${rest} ${small}`
}

/** `2026-11-23 10:00` of an RFC 3339 time. */
export function shortTime(iso: string): string {
  return iso.slice(0, 16).replace('T', ' ')
}

/**
 * When a sender that was asked to come back comes back. What the log shows of the same organisation is best; then what was
 * published of large providers; else a schedule is assumed, and said to be.
 */
export type Basis = 'observed' | 'log' | 'published' | 'assumed'

/**
 * Seconds from the first try to each retry: Pagani et al., "Measuring the role of greylisting and nolisting in fighting
 * spam", DSN 2016, by the organisation of the providers' outgoing names (looked at 2026-11-25).
 */
const PUBLISHED: Readonly<Record<string, readonly number[]>> = {
  'google.com': [362, 1742, 3396, 5924, 9723],
  'yahoo.com': [127, 339, 778, 1636, 3313],
  'outlook.com': [61, 123, 184, 306, 487, 728, 970],
  'mail.ru': [78, 1155, 2954, 4789, 6800],
  'yandex.net': [65, 178, 413, 895, 1828],
  'mail.com': [302, 757, 1439, 2463, 3998],
  'gmx.net': [301, 753, 1430, 2446, 3969],
  'qq.com': [305, 311, 317, 379, 502, 745, 1229],
  'aol.com': [332, 692, 1292, 1892],
}

/** postconf(5) minimal_backoff_time and maximal_backoff_time: Postfix doubles the first until the second. */
const SHORTEST = 300
const LONGEST = 4000
/** Senders whose habits are remembered. */
const MOST_SENDERS = 20_000

export interface NextTry {
  /** Seconds since the try before. */
  readonly after: number
  readonly basis: Basis
}

export class Schedule {
  /** Seconds from the first deferral to the first retry, as it was seen last. */
  readonly #seen = new Map<string, number>()

  /** The log shows a first retry. `sender`: an organisation, or a network. */
  observe(sender: string, seconds: number): void {
    if (seconds < 1) return
    if (this.#seen.size >= MOST_SENDERS && !this.#seen.has(sender)) this.#seen.clear()
    this.#seen.set(sender, seconds)
  }

  /** `tries`: that were made, from 1; `since`: seconds from the first to the last of them. */
  next(sender: string, organisation: string | undefined, tries: number, since: number): NextTry {
    const seen = this.#seen.get(sender)
    if (seen !== undefined) return { after: backoff(seen, tries), basis: 'log' }
    const published = organisation === undefined ? undefined : PUBLISHED[organisation]
    const due = published?.find((time) => time > since)
    if (due !== undefined) return { after: due - since, basis: 'published' }
    return { after: backoff(SHORTEST, tries), basis: published === undefined ? 'assumed' : 'published' }
  }
}

function backoff(first: number, tries: number): number {
  return Math.max(first, Math.min(LONGEST, first * 2 ** Math.min(tries - 1, 20)))
}

import { parseEnvelope } from './envelope.js'
import { splitLines } from './lines.js'
import type { LogSource } from './sources.js'
import { YearClock } from './time.js'
import { firstYear } from './year-scan.js'

/** A source, and what its beginning says of its time. */
export interface Dated {
  readonly source: LogSource
  /** The year of its first line where stamps have none. */
  readonly year: number | undefined
}

/** Lines at the beginning of a log that may have no time. */
const HEAD = 200

/**
 * Sources in the order in which they were written, whatever they are called and however they were named: by their first
 * times. A system log comes after the mail logs, which it may repeat.
 */
export async function inOrder(sources: readonly LogSource[]): Promise<readonly Dated[]> {
  const dated: (Dated & { readonly start: number })[] = []
  for (const source of sources) {
    // what cannot be read says so when it is its turn
    const year = await firstYear(source).catch(() => undefined)
    const start = sources.length > 1 ? await firstTime(source, year).catch(() => undefined) : undefined
    dated.push({ source, year, start: start ?? source.modified })
  }
  return dated.sort(
    (one, other) => Number(one.source.shadow) - Number(other.source.shadow) || one.start - other.start,
  )
}

async function firstTime(source: LogSource, year: number | undefined): Promise<number | undefined> {
  if (!source.again) return undefined
  const clock = new YearClock(source.modified, year)
  let seen = 0
  for await (const lines of splitLines(source.open())) {
    for (const line of lines) {
      const time = parseEnvelope(line, clock)?.time
      if (time !== undefined) return time
      seen += 1
      if (seen >= HEAD) return undefined
    }
  }
  return undefined
}

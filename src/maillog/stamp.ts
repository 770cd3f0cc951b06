import { DIGIT, find, isOf, standsAt, word } from './bytes.js'
import type { YearClock } from './time.js'

const DIGIT_0 = 48
const COLON = 58
const BLANK = 32
/** `+00:00` */
const LONGEST_ZONE = 6
const MONTH_AND_DAY = /^[A-Z][A-Za-z]{2} [ \d]\d /

/**
 * The time at the beginning of a line in the two forms that nearly all logs have, read where it lies in a block: a
 * minute is parsed once, its seconds are two digits. The expressions in envelope.ts read all forms and have the last word.
 */
export class StampReader {
  /** Seconds since the epoch, of the last `read` that found one. */
  at = Number.NaN
  private readonly minute = new Uint8Array(17)
  private size = 0
  private start = 0
  private zone = word('')
  private moves = 0

  constructor(private readonly clock: YearClock) {}

  /** Where the rest of the line begins; -1 for any other form. */
  read(bytes: Buffer, from: number, to: number): number {
    if (to - from < 24) return -1
    const first = bytes[from] as number
    if (first >= DIGIT_0 && first < COLON) return this.readIso(bytes, from, to)
    return first > 64 && first < 91 ? this.readTraditional(bytes, from) : -1
  }

  /** `Nov 23 10:00:01 ` */
  private readTraditional(bytes: Buffer, from: number): number {
    if (bytes[from + 15] !== BLANK || bytes[from + 12] !== COLON) return -1
    const seconds = twoDigits(bytes, from + 13)
    if (seconds < 0) return -1
    if (this.size !== 12 || this.moves !== this.clock.moves || !this.isSame(bytes, from)) {
      if (
        bytes[from + 3] !== BLANK ||
        bytes[from + 6] !== BLANK ||
        bytes[from + 9] !== COLON ||
        twoDigits(bytes, from + 7) < 0 ||
        twoDigits(bytes, from + 10) < 0
      )
        return -1
      const text = bytes.toString('latin1', from, from + 12)
      // the clock takes a month's name by its letters alone, and no number for no day
      if (!MONTH_AND_DAY.test(text)) return -1
      const start = this.clock.at(text.slice(0, 3), text.slice(4, 6).trimStart(), `${text.slice(7)}:00`)
      if (start === undefined) return -1
      this.remember(bytes, from, 12, start)
    }
    this.at = this.start + seconds
    return from + 16
  }

  /** `2026-11-23T10:00:01.123456+00:00 ` */
  private readIso(bytes: Buffer, from: number, to: number): number {
    if (bytes[from + 10] !== 84 || bytes[from + 16] !== COLON) return -1
    const seconds = twoDigits(bytes, from + 17)
    if (seconds < 0) return -1
    let at = from + 19
    let fraction = 0
    if (bytes[at] === 46) {
      let unit = 1
      for (at += 1; at < to && isOf(DIGIT, bytes[at]); at += 1) {
        unit *= 10
        fraction = fraction * 10 + (bytes[at] as number) - DIGIT_0
      }
      if (unit === 1 || unit > 1e9) return -1
      fraction /= unit
    }
    if (this.size !== 17 || !standsAt(bytes, at, this.zone) || !this.isSame(bytes, from)) {
      // no further than a zone is long: a log without blanks is not searched anew for each line
      const end = find(bytes, BLANK, at, Math.min(to, at + LONGEST_ZONE + 1))
      if (bytes[end] !== BLANK) return -1
      const zone = bytes.toString('latin1', at, end)
      const start = this.clock.iso.at(`${bytes.toString('latin1', from, from + 17)}00${zone}`)
      if (start === undefined) return -1
      this.zone = word(`${zone} `)
      this.remember(bytes, from, 17, start)
    }
    this.at = this.start + (seconds + fraction)
    return at + this.zone.length
  }

  /** The last characters change first. */
  private isSame(bytes: Uint8Array, from: number): boolean {
    for (let at = this.size - 1; at >= 0; at -= 1) if (bytes[from + at] !== this.minute[at]) return false
    return true
  }

  private remember(bytes: Uint8Array, from: number, size: number, start: number): void {
    this.minute.set(bytes.subarray(from, from + size))
    this.size = size
    this.start = start
    this.moves = this.clock.moves
  }
}

/** -1 for anything else, and for more than a minute or an hour has. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - DIGIT_0
  const ones = (bytes[at + 1] as number) - DIGIT_0
  return tens >= 0 && tens < 6 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

import type { YearClock } from './time.js'

const DIGIT_0 = 48
const COLON = 58
const BLANK = 32

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
  private zone = ''
  private moves = 0

  constructor(private readonly clock: YearClock) {}

  /** Where the rest of the line begins; -1 for any other form. */
  read(text: string, from: number, to: number): number {
    if (to - from < 24) return -1
    const first = text.charCodeAt(from)
    if (first >= DIGIT_0 && first < COLON) return this.readIso(text, from, to)
    return first > 64 && first < 91 ? this.readTraditional(text, from) : -1
  }

  /** `Nov 23 10:00:01 ` */
  private readTraditional(text: string, from: number): number {
    if (text.charCodeAt(from + 15) !== BLANK || text.charCodeAt(from + 12) !== COLON) return -1
    const seconds = twoDigits(text, from + 13)
    if (seconds < 0) return -1
    if (this.size !== 12 || this.moves !== this.clock.moves || !this.isSame(text, from)) {
      if (
        text.charCodeAt(from + 3) !== BLANK ||
        text.charCodeAt(from + 6) !== BLANK ||
        text.charCodeAt(from + 9) !== COLON ||
        twoDigits(text, from + 7) < 0 ||
        twoDigits(text, from + 10) < 0
      )
        return -1
      const day = text.slice(from + 4, from + 6).trimStart()
      const start = this.clock.at(text.slice(from, from + 3), day, `${text.slice(from + 7, from + 12)}:00`)
      if (start === undefined) return -1
      this.remember(text, from, 12, start)
    }
    this.at = this.start + seconds
    return from + 16
  }

  /** `2026-11-23T10:00:01.123456+00:00 ` */
  private readIso(text: string, from: number, to: number): number {
    if (text.charCodeAt(from + 10) !== 84 || text.charCodeAt(from + 16) !== COLON) return -1
    const seconds = twoDigits(text, from + 17)
    if (seconds < 0) return -1
    let at = from + 19
    let fraction = 0
    if (text.charCodeAt(at) === 46) {
      let unit = 1
      for (at += 1; at < to; at += 1) {
        const digit = text.charCodeAt(at) - DIGIT_0
        if (digit < 0 || digit > 9) break
        unit *= 10
        fraction = fraction * 10 + digit
      }
      if (unit === 1 || unit > 1e9) return -1
      fraction /= unit
    }
    if (this.size !== 17 || !text.startsWith(this.zone, at) || !this.isSame(text, from)) {
      const end = text.indexOf(' ', at)
      if (end === -1 || end - at > 6) return -1
      const zone = text.slice(at, end + 1)
      const start = this.clock.iso.at(`${text.slice(from, from + 17)}00${zone.trimEnd()}`)
      if (start === undefined) return -1
      this.zone = zone
      this.remember(text, from, 17, start)
    }
    this.at = this.start + (seconds + fraction)
    return at + this.zone.length
  }

  /** The last characters change first. */
  private isSame(text: string, from: number): boolean {
    for (let at = this.size - 1; at >= 0; at -= 1)
      if (text.charCodeAt(from + at) !== this.minute[at]) return false
    return true
  }

  private remember(text: string, from: number, size: number, start: number): void {
    for (let at = 0; at < size; at += 1) this.minute[at] = text.charCodeAt(from + at)
    this.size = size
    this.start = start
    this.moves = this.clock.moves
  }
}

/** -1 for anything else, and for more than a minute or an hour has. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - DIGIT_0
  const ones = text.charCodeAt(at + 1) - DIGIT_0
  return tens >= 0 && tens < 6 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

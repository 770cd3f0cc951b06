import { type Block, DIGIT, find, isOf, standsAt, word } from './bytes.js'
import type { YearClock } from './time.js'

const DIGIT_0 = 48
const COLON = 58
const BLANK = 32
/** `+00:00` */
const LONGEST_ZONE = 6
const MONTH_AND_DAY = /^[A-Z][A-Za-z]{2} [ \d]\d /

/**
 * The time at the beginning of a line in the two forms that nearly all logs have, read where it lies in a block: an
 * hour is parsed once, its minutes and seconds are two digits each. (A line of every 33 begins a minute in a log of three
 * million lines over 17 days: to parse each took 40 ns a line.) The expressions in envelope.ts read all forms and have
 * the last word.
 */
export class StampReader {
  /** Seconds since the epoch, of the last `read` that found one. */
  at = Number.NaN
  /** Counts how often the minute was another than that of the line before. */
  minutes = 0
  /** Seconds since the epoch, of the minute's beginning. */
  minuteStart = 0
  private hourStart = 0
  /** What stands up to the minute, by fours: 12 characters, or 16 of RFC 3339. */
  private size = 0
  private readonly fours = new Int32Array(4)
  private zone = word('')
  private moves = 0

  constructor(private readonly clock: YearClock) {}

  /** Where the rest of the line begins; -1 for any other form. */
  read(block: Block, from: number, to: number): number {
    if (to - from < 24) return -1
    const first = block.bytes[from] as number
    if (first >= DIGIT_0 && first < COLON) return this.readIso(block, from, to)
    return first > 64 && first < 91 ? this.readTraditional(block, from) : -1
  }

  /** `Nov 23 10:00:01 ` */
  private readTraditional(block: Block, from: number): number {
    const { bytes, view } = block
    if (bytes[from + 15] !== BLANK || bytes[from + 12] !== COLON) return -1
    const seconds = twoDigits(bytes, from + 13)
    if (seconds < 0) return -1
    const { fours } = this
    const isSame =
      this.size === 12 &&
      view.getInt32(from + 8, true) === fours[2] &&
      view.getInt32(from + 4, true) === fours[1] &&
      view.getInt32(from, true) === fours[0] &&
      this.moves === this.clock.moves
    if (!isSame) {
      const minute = twoDigits(bytes, from + 10)
      if (minute < 0) return -1
      if (!this.isSameHour(view, from, 12)) {
        const start = this.clockTime(bytes, from)
        if (start === undefined) return -1
        this.hourStart = start - minute * 60
      }
      this.remember(view, from, 12, minute)
    }
    this.at = this.minuteStart + seconds
    return from + 16
  }

  private clockTime(bytes: Buffer, from: number): number | undefined {
    const isTime = bytes[from + 3] === BLANK && bytes[from + 6] === BLANK && bytes[from + 9] === COLON
    if (!isTime || twoDigits(bytes, from + 7) < 0) return undefined
    const text = bytes.toString('latin1', from, from + 12)
    // the clock takes a month's name by its letters alone, and no number for no day
    if (!MONTH_AND_DAY.test(text)) return undefined
    return this.clock.at(text.slice(0, 3), text.slice(4, 6).trimStart(), `${text.slice(7)}:00`)
  }

  /** `2026-11-23T10:00:01.123456+00:00 ` */
  private readIso(block: Block, from: number, to: number): number {
    const { bytes, view } = block
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
    const { fours } = this
    const isSameZone = standsAt(block, at, this.zone)
    const isSame =
      isSameZone &&
      this.size === 16 &&
      view.getInt32(from + 12, true) === fours[3] &&
      view.getInt32(from + 8, true) === fours[2] &&
      view.getInt32(from + 4, true) === fours[1] &&
      view.getInt32(from, true) === fours[0]
    if (!isSame && !this.turnIso(block, from, at, isSameZone, to)) return -1
    this.at = this.minuteStart + (seconds + fraction)
    return at + this.zone.length
  }

  /** To another minute, or zone. */
  private turnIso(block: Block, from: number, at: number, isSameZone: boolean, to: number): boolean {
    const { bytes, view } = block
    const minute = twoDigits(bytes, from + 14)
    if (minute < 0) return false
    if (!isSameZone || !this.isSameHour(view, from, 16)) {
      // no further than a zone is long: a log without blanks is not searched anew for each line
      const end = find(bytes, BLANK, at, Math.min(to, at + LONGEST_ZONE + 1))
      if (bytes[end] !== BLANK) return false
      const zone = bytes.toString('latin1', at, end)
      // what begins with a dot is a second fraction
      if (zone !== '' && !/^[Z+-]/.test(zone)) return false
      const start = this.clock.iso.at(`${bytes.toString('latin1', from, from + 17)}00${zone}`)
      if (start === undefined) return false
      this.zone = word(`${zone} `)
      this.hourStart = start - minute * 60
    }
    this.remember(view, from, 16, minute)
    return true
  }

  /** Of a stamp of this size, is all the same but the two digits at its end? */
  private isSameHour(view: DataView, from: number, size: number): boolean {
    if (this.size !== size || (size === 12 && this.moves !== this.clock.moves)) return false
    const last = size / 4 - 1
    for (let four = 0; four < last; four += 1)
      if (view.getInt32(from + 4 * four, true) !== this.fours[four]) return false
    return view.getInt16(from + 4 * last, true) === ((this.fours[last] as number) << 16) >> 16
  }

  private remember(view: DataView, from: number, size: number, minute: number): void {
    for (let four = 0; 4 * four < size; four += 1) this.fours[four] = view.getInt32(from + 4 * four, true)
    this.size = size
    this.minuteStart = this.hourStart + minute * 60
    this.minutes += 1
    this.moves = this.clock.moves
  }
}

/** -1 for anything else, and for more than a minute or an hour has. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - DIGIT_0
  const ones = (bytes[at + 1] as number) - DIGIT_0
  return tens >= 0 && tens < 6 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

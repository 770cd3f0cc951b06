import { LONGEST_LINE } from './blocks.js'
import { type Block, blockOf } from './bytes.js'
import { type LineKind, lineKind } from './line-kinds.js'
import { HeadReader } from './programs.js'
import { StampReader } from './stamp.js'
import { YearClock } from './time.js'

/** Of each line that may matter: where it begins, where it ends, its number in the block from 0. */
export const PLACES_OF_LINE = 3

/** What a block holds. */
export interface Scanned {
  /** Lines that may matter: their places are at the beginning of what was given for them. */
  readonly found: number
  /** All lines. */
  readonly lines: number
}

/** A line without interest but for its time. */
interface Unseen {
  from: number
  next: number
  line: number
  at: number
}

const LF = 10
const CR = 13
/** Seconds: every zone's minutes are those of UTC but for a multiple of these. */
const QUARTER = 900

/**
 * Finds the lines of a block that may matter, by the same rules as FastLane. The others change nothing but the window
 * of time that was seen, and of those the ones are found, too, by which it changes. A pure function of the block: any
 * thread can scan any block (test/maillog/scanner.test.ts: reading what was found tells the same as reading all).
 */
export class LineScanner {
  private readonly stamp = new StampReader(new YearClock(0))
  private readonly head = new HeadReader()
  private places: Int32Array = new Int32Array(0)
  private found = 0
  private line = 0
  /** Seconds since the epoch, in a year that only a reader of all blocks knows: compared within one minute alone. */
  private at = Number.NaN
  private minute = -1
  /** Of the lines of this minute that were found. */
  private oldest = Number.POSITIVE_INFINITY
  private newest = Number.NEGATIVE_INFINITY
  /** The newest line since, if it is newer; and the last one, whose time lines without one take. */
  private readonly peak: Unseen = { from: 0, next: 0, line: -1, at: 0 }
  private readonly last: Unseen = { from: 0, next: 0, line: -1, at: 0 }
  /** `since` may lie in this minute: then each of its seconds counts. */
  private isEdge = false

  /** `since`: seconds since the epoch; what is older will not count. */
  constructor(private readonly since: number | undefined) {}

  /** undefined: more lines may matter than there is room for. Places are used until the next call. */
  scan(bytes: Buffer, places: Int32Array): Scanned | undefined {
    const block = blockOf(bytes)
    this.places = places
    this.found = 0
    this.line = 0
    this.minute = -1
    this.at = Number.NaN
    this.reset()
    const room = places.length - 3 * PLACES_OF_LINE
    for (let from = 0; from <= bytes.length; this.line += 1) {
      if (this.found * PLACES_OF_LINE > room) return undefined
      const end = bytes.indexOf(LF, from)
      const next = end === -1 ? bytes.length : end
      this.take(block, from, next)
      from = next + 1
    }
    this.showUnseen(Number.NEGATIVE_INFINITY)
    return { found: this.found, lines: this.line }
  }

  private take(block: Block, from: number, next: number): void {
    const to = next > from && block.bytes[next - 1] === CR ? next - 1 : next
    const kind = this.kindOf(block, from, to)
    if (kind === 'line') {
      // whatever it is, it may have any time and move any clock
      this.showUnseen(Number.NEGATIVE_INFINITY)
      this.add(from, next, this.line)
      this.reset()
      this.at = Number.NaN
      return
    }
    const { at, minutes } = this.stamp
    if (minutes !== this.minute) {
      this.turn(minutes)
      this.show(from, next, at)
    } else if (kind !== 'nothing') this.show(from, next, at)
    else if (at !== this.at) this.pass(from, next, at)
  }

  private kindOf(block: Block, from: number, to: number): LineKind {
    if (to - from > LONGEST_LINE) return 'line'
    const rest = this.stamp.read(block, from, to)
    const body = rest === -1 ? -1 : this.head.read(block, rest, to)
    if (body === -1) return 'line'
    const { head } = this
    return lineKind(head.program.kind, head.hasPid, block, body, to)
  }

  private turn(minute: number): void {
    this.showUnseen(Number.NEGATIVE_INFINITY)
    this.reset()
    this.minute = minute
    const { since } = this
    this.isEdge =
      since !== undefined && (this.stamp.minuteStart - Math.floor(since / 60) * 60) % QUARTER === 0
  }

  private reset(): void {
    this.oldest = Number.POSITIVE_INFINITY
    this.newest = Number.NEGATIVE_INFINITY
  }

  /** A line of no interest, of another time than the one before. */
  private pass(from: number, next: number, at: number): void {
    if (this.isEdge || at < this.oldest) {
      this.show(from, next, at)
      return
    }
    this.at = at
    if (at > this.newest) {
      this.newest = at
      note(this.peak, from, next, this.line, at)
    }
    note(this.last, from, next, this.line, at)
  }

  private show(from: number, next: number, at: number): void {
    this.showUnseen(at)
    this.add(from, next, this.line)
    this.at = at
    if (at < this.oldest) this.oldest = at
    if (at > this.newest) this.newest = at
  }

  /** Before a line of this time, of the same minute: what it does not make superfluous. */
  private showUnseen(at: number): void {
    const { peak, last } = this
    if (last.line === -1) return
    if (peak.line !== -1 && !(at >= peak.at)) this.add(peak.from, peak.next, peak.line)
    if (at === Number.NEGATIVE_INFINITY && last.line !== peak.line) this.add(last.from, last.next, last.line)
    peak.line = -1
    last.line = -1
  }

  private add(from: number, next: number, line: number): void {
    const { places } = this
    const at = this.found * PLACES_OF_LINE
    places[at] = from
    places[at + 1] = next
    places[at + 2] = line
    this.found += 1
  }
}

function note(unseen: Unseen, from: number, next: number, line: number, at: number): void {
  unseen.from = from
  unseen.next = next
  unseen.line = line
  unseen.at = at
}

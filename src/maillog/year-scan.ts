import { wholeLines } from './blocks.js'
import type { LogSource } from './sources.js'
import { latestYear, type MonthDay, monthDayOf, yearStep } from './time.js'
import { isPacked } from './unpack.js'

/** Bytes of a file from which on it is enough to look at places in it. */
const LARGE = 8 << 20
/** Bytes between two places at most, and bytes read at each. */
const STRIDE = 1 << 20
const GLANCE = 8192

/**
 * The year of a log's first line, when its stamps have none: the log ends when it was last written, and how many years
 * it spans has to be known before it is read. undefined where stamps have years, or the log cannot be opened twice.
 */
export async function firstYear(source: LogSource): Promise<number | undefined> {
  if (!source.again) return undefined
  const { parts, size = 0, modified } = source
  if (parts !== undefined && size > LARGE && !isPacked(await bytesOf(parts({ from: 0, length: 8 }))))
    return new YearSampler(parts, size).firstYear(modified)
  const scan = new YearScan()
  for await (const block of wholeLines(source.open())) {
    scan.read(block.toString('latin1'))
    if (scan.year(modified) === undefined) return undefined
  }
  return scan.year(modified)
}

async function bytesOf(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(Buffer.from(chunk))
  return Buffer.concat(all)
}

/** Reads all lines. */
export class YearScan {
  private last: MonthDay | undefined
  private start = ''
  private steps = 0

  /** Whole lines, in their order. */
  read(text: string): void {
    for (let from = 0; from < text.length; ) {
      // a day's lines begin alike: only the first is parsed
      if (this.start === '' || !text.startsWith(this.start, from)) this.line(text, from)
      const end = text.indexOf('\n', from)
      if (end === -1) return
      from = end + 1
    }
  }

  year(reference: number): number | undefined {
    return this.last && latestYear(this.last, reference) - this.steps
  }

  private line(text: string, from: number): void {
    const date = monthDayOf(text.slice(from, from + 25))
    if (date === undefined) return
    if (this.last !== undefined) this.steps += yearStep(this.last.month, date.month)
    this.last = date
    this.start = Buffer.from(text.slice(from, from + 6)).toString()
  }
}

/**
 * Looks at places of a large file, a megabyte apart, and between two whose months do not follow each other at ever more:
 * reading all of 400 MB before it is read took 0.3 s and more.
 */
class YearSampler {
  constructor(
    private readonly parts: NonNullable<LogSource['parts']>,
    private readonly size: number,
  ) {}

  async firstYear(reference: number): Promise<number | undefined> {
    const places = Array.from({ length: Math.ceil(this.size / STRIDE) + 1 }, (_, number) =>
      Math.min(number * STRIDE, this.size - GLANCE),
    )
    let before: MonthDay | undefined
    let place = 0
    let steps = 0
    let looked = 0
    for await (const bytes of this.parts(...places.map((from) => ({ from, length: GLANCE })))) {
      const from = place
      place = places[looked] ?? place
      looked += 1
      const date: MonthDay | undefined = dateIn(bytes, place) ?? before
      if (date === undefined) return undefined
      if (before !== undefined) steps += await this.stepsBetween(from, before, place, date)
      before = date
    }
    return before && latestYear(before, reference) - steps
  }

  private async stepsBetween(from: number, first: MonthDay, to: number, last: MonthDay): Promise<number> {
    const follows = (last.month - first.month + 12) % 12 <= 1
    if (follows || to - from < 2 * GLANCE) return yearStep(first.month, last.month)
    const middle = Math.floor((from + to) / 2)
    const bytes = await bytesOf(this.parts({ from: middle, length: GLANCE }))
    const date = dateIn(bytes, middle) ?? first
    return (
      (await this.stepsBetween(from, first, middle, date)) + (await this.stepsBetween(middle, date, to, last))
    )
  }
}

/** Of the first whole line of the bytes from this place on that has a date. */
function dateIn(bytes: Buffer, from: number): MonthDay | undefined {
  const text = bytes.toString('latin1')
  for (let start = from === 0 ? 0 : endOf(text, 0); start < text.length; start = endOf(text, start)) {
    const date = monthDayOf(text.slice(start, start + 25))
    if (date !== undefined) return date
  }
  return undefined
}

/** Where the next line begins. */
function endOf(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end + 1
}

import { decodeLine, wholeLines } from './blocks.js'
import { type Block, blockOf } from './bytes.js'
import { type Envelope, journalEnvelope, parseEnvelope } from './envelope.js'
import { instanceOf, type MailEvent } from './event.js'
import { FastLane } from './fast-lane.js'
import type { MailFlow } from './flow.js'
import { JournalRecords } from './journal-records.js'
import type { Dated } from './order.js'
import { parseEvent } from './parse-event.js'
import type { Window } from './report.js'
import type { ScannedBlock } from './scan-thread.js'
import { PLACES_OF_LINE } from './scanner.js'
import type { LogSource } from './sources.js'
import { YearClock } from './time.js'
import type { Told } from './told.js'

/** Who listens to what a log tells. */
export interface Listener {
  add(told: Told): void
  /** Takes lines of accepted mail without an event for each. Without it they are told as events. */
  readonly flow?: MailFlow
  startSource?(name: string): void
}

/** Who scans a source's blocks ahead of their reading. */
interface Ahead {
  read(source: LogSource): AsyncIterable<ScannedBlock>
}

/** A source while it is read. */
interface Reading {
  readonly source: LogSource
  readonly clock: YearClock
  readonly lane: FastLane
  readonly records: JournalRecords
  /** Kinds of events that a mail log told already; a system log must not tell them again. */
  readonly skipped: ReadonlySet<string> | undefined
  /** Who told something in it: the greylister or Postfix. */
  readonly tellers: Set<string>
  /** Lines of accepted mail were told, without an event. */
  hasFlow: boolean
  line: number
  /** What the last line that told something said, for "last message repeated 2 times". */
  last: Told | undefined
  /** Instead of that, where the fast lane told a deferral without making an event: where it lies. */
  quick: Quick | undefined
  /** Seconds since the epoch of the last line with a time: those without one are of that time. */
  at: number | undefined
  /** Before the first time. */
  readonly untimed: Told[]
}

/** A line of the block that is read. */
interface Quick {
  readonly block: Buffer
  readonly body: number
  readonly to: number
  readonly program: string
  readonly line: number
}

const LF = 10
const CR = 13
/** Events before a source's first time that are kept until it comes. */
const UNTIMED = 1000
const LAST_REPEATED = /^(?:[\w.-]{1,255} )?last message repeated (\d{1,6}) times?$/

/** Reads one source after the other. */
export class LogReader {
  /** Lines read, whoever wrote them. */
  lines = 0
  /** Seconds since the epoch of the oldest and the newest line that counts. */
  private oldest = Number.POSITIVE_INFINITY
  private newest = Number.NEGATIVE_INFINITY
  private readonly since: number
  private readonly tellers = new Set<string>()

  constructor(
    private readonly listener: Listener,
    since: number | undefined,
    /** Told of bytes as they are read. */
    private readonly progress: (bytes: number) => void = () => {},
    /** Takes lines by the fast lane. Without it each goes through the parsers, which say the same. */
    private readonly fast = true,
    /** The replies of this server's greylisters, where they are in words of its own. */
    private readonly own?: RegExp,
    /** Scans blocks ahead of their reading. */
    private readonly ahead?: Ahead,
  ) {
    this.since = since ?? Number.NEGATIVE_INFINITY
  }

  get window(): Pick<Window, 'from' | 'to'> {
    if (this.oldest > this.newest) return { from: undefined, to: undefined }
    return { from: this.oldest, to: this.newest }
  }

  async read({ source, year }: Dated): Promise<void> {
    const clock = new YearClock(source.modified, year)
    const skipped = source.shadow ? new Set(this.tellers) : undefined
    this.listener.startSource?.(source.name)
    const flow = skipped?.has('postfix') ? undefined : this.listener.flow
    const reading: Reading = {
      source,
      clock,
      lane: new FastLane(clock, flow, (at) => this.counts(at, reading)),
      records: new JournalRecords(),
      skipped,
      tellers: new Set<string>(),
      hasFlow: false,
      line: 0,
      last: undefined,
      quick: undefined,
      at: undefined,
      untimed: [],
    }
    for await (const block of this.blocksOf(source)) this.readBlock(block, reading)
    const open = reading.records.end()
    if (open !== undefined) this.readEnvelope(journalEnvelope(open), reading)
    this.flush(reading)
    if (reading.hasFlow) reading.tellers.add('postfix')
    if (!source.shadow) for (const teller of reading.tellers) this.tellers.add(teller)
  }

  private async *blocksOf(source: LogSource): AsyncGenerator<ScannedBlock> {
    if (this.ahead !== undefined) yield* this.ahead.read(source)
    else for await (const bytes of wholeLines(source.open())) yield { bytes, scanned: undefined }
  }

  private readBlock({ bytes, scanned }: ScannedBlock, reading: Reading): void {
    const before = reading.line
    const block = blockOf(bytes)
    if (scanned === undefined || reading.records.isOpen) this.readLines(block, 0, reading)
    else {
      const { found, places, lines } = scanned
      let from = 0
      for (let line = 0; line < found && !reading.records.isOpen; line += 1) {
        const place = line * PLACES_OF_LINE
        const next = places[place + 1] as number
        reading.line = before + (places[place + 2] as number) + 1
        this.readLineAt(block, places[place] as number, next, reading)
        from = next + 1
      }
      // an entry of the journal takes all lines up to its end
      if (reading.records.isOpen) this.readLines(block, from, reading)
      else reading.line = before + lines
    }
    // the block is gone when the next one comes
    this.recall(reading.line, reading)
    this.lines += reading.line - before
    this.progress(bytes.length + 1)
  }

  private readLines(block: Block, start: number, reading: Reading): void {
    const { bytes } = block
    for (let from = start; from <= bytes.length; ) {
      const found = bytes.indexOf(LF, from)
      const next = found === -1 ? bytes.length : found
      reading.line += 1
      this.readLineAt(block, from, next, reading)
      from = next + 1
    }
  }

  private readLineAt(block: Block, from: number, next: number, reading: Reading): void {
    const { lane, records } = reading
    const { bytes } = block
    const to = next > from && bytes[next - 1] === CR ? next - 1 : next
    const taken = records.isOpen || !this.fast ? 'line' : lane.take(block, from, to)
    if (taken === 'flow') reading.hasFlow = true
    else if (taken === 'deferral') this.takeDeferral(bytes, to, reading)
    else if (taken === 'event') this.readTaken(decodeLine(bytes.subarray(lane.body, next)), reading)
    else if (taken === 'line') this.readLine(decodeLine(bytes.subarray(from, next)), reading)
  }

  private takeDeferral(block: Buffer, to: number, reading: Reading): void {
    const { at, body, deferral, program } = reading.lane
    reading.quick = undefined
    if (!this.counts(at, reading)) return
    reading.tellers.add('postfix')
    this.listener.flow?.deferred(block, deferral.spans, deferral.wait, at, reading.line)
    reading.quick = { block, body, to, program: program.name, line: reading.line }
  }

  /** Makes an event of the last line, where the fast lane told it without one: it may be repeated. */
  private recall(line: number, reading: Reading): void {
    const { quick, source } = reading
    reading.quick = undefined
    if (quick === undefined || quick.line !== line) return
    const { block, body, to, program } = quick
    const text = decodeLine(block.subarray(body, to))
    const event = parseEvent(program, text, this.own)
    if (event === undefined) return
    const ref = { source: source.name, line }
    reading.last = { event, at: reading.at, instance: instanceOf(program), ref, text, repeat: 1 }
  }

  /** The fast lane knows of when and whose it is. */
  private readTaken(body: string, reading: Reading): void {
    const { at, program } = reading.lane
    if (this.counts(at, reading)) this.readBody(program.name, body, 1, at, reading)
  }

  private readLine(line: string, reading: Reading): void {
    const record = reading.records.take(line)
    if (record === 'held') return
    if (record !== 'none') this.readEnvelope(journalEnvelope(record), reading)
    if (record === 'none' || reading.records.isOver)
      this.readEnvelope(parseEnvelope(line, reading.clock), reading)
  }

  private readEnvelope(envelope: Envelope | undefined, reading: Reading): void {
    if (envelope === undefined) return
    const { program, body, repeat, time = reading.at } = envelope
    if (time !== undefined && !this.counts(time, reading)) return
    const repeated = program === '' ? LAST_REPEATED.exec(body) : null
    if (repeated !== null) {
      this.repeat(Number(repeated[1]), time, reading)
      return
    }
    this.readBody(program, body, repeat, time, reading)
  }

  private readBody(
    program: string,
    body: string,
    repeat: number,
    at: number | undefined,
    reading: Reading,
  ): void {
    const event = parseEvent(program, body, this.own)
    if (event === undefined) return
    const ref = { source: reading.source.name, line: reading.line }
    this.tell({ event, at, instance: instanceOf(program), ref, text: body, repeat }, reading)
  }

  /** Of the line just before, and of no other. */
  private repeat(times: number, at: number | undefined, reading: Reading): void {
    const { line } = reading
    this.recall(line - 1, reading)
    const { last } = reading
    if (last === undefined || last.ref.line !== line - 1) return
    this.tell({ ...last, at, repeat: times, ref: { ...last.ref, line } }, reading)
  }

  private tell(told: Told, reading: Reading): void {
    const teller = tellerOf(told.event)
    // said again, what became of a queue id is what it was
    reading.last = 'queueId' in told.event ? undefined : told
    if (reading.skipped?.has(teller)) return
    reading.tellers.add(teller)
    if (told.at === undefined && reading.untimed.length < UNTIMED) reading.untimed.push(told)
    else this.listener.add(told)
  }

  /** What was said before the first time is of that time. */
  private flush({ untimed, at }: Reading): void {
    for (const told of untimed.splice(0)) this.listener.add({ ...told, at })
  }

  /** Is it in the window? Widens the window that was seen. */
  private counts(at: number, reading: Reading): boolean {
    // a second has many lines
    if (at === reading.at) return at >= this.since
    reading.at = at
    if (at < this.since) {
      reading.untimed.length = 0
      return false
    }
    if (at < this.oldest) this.oldest = at
    if (at > this.newest) this.newest = at
    if (reading.untimed.length > 0) this.flush(reading)
    return true
  }
}

function tellerOf(event: MailEvent): string {
  if (event.kind === 'deferred') return event.by
  return ['passed', 'decided', 'failed-open'].includes(event.kind)
    ? 'greylister'
    : event.kind === 'lost'
      ? 'log'
      : 'postfix'
}

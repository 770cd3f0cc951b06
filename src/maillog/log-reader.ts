import { decodeLine, wholeLines } from './blocks.js'
import { type Envelope, journalEnvelope, parseEnvelope } from './envelope.js'
import { instanceOf, type MailEvent } from './event.js'
import { FastLane } from './fast-lane.js'
import type { MailFlow } from './flow.js'
import { JournalRecords } from './journal-records.js'
import type { Dated } from './order.js'
import { parseEvent } from './parse-event.js'
import type { Window } from './report.js'
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
  line: number
  /** What the last line that told something said, for "last message repeated 2 times". */
  last: Told | undefined
  /** Seconds since the epoch of the last line with a time: those without one are of that time. */
  at: number | undefined
  /** Before the first time. */
  readonly untimed: Told[]
}

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
      line: 0,
      last: undefined,
      at: undefined,
      untimed: [],
    }
    for await (const block of wholeLines(source.open())) this.readBlock(block, reading)
    const open = reading.records.end()
    if (open !== undefined) this.readEnvelope(journalEnvelope(open), reading)
    this.flush(reading)
    if (!source.shadow) for (const teller of reading.tellers) this.tellers.add(teller)
  }

  private readBlock(block: Buffer, reading: Reading): void {
    const before = reading.line
    // one character a byte: places in the text are places in the block
    const text = block.toString('latin1')
    for (let from = 0; from <= text.length; ) {
      const found = text.indexOf('\n', from)
      const to = found === -1 ? text.length : found
      reading.line += 1
      const taken = reading.records.isOpen ? 'no' : reading.lane.take(text, from, to)
      if (taken === 'flow') reading.tellers.add('postfix')
      else if (taken === 'no') this.readLine(decodeLine(block.subarray(from, to)), reading)
      from = to + 1
    }
    this.lines += reading.line - before
    this.progress(block.length + 1)
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
    const event = parseEvent(program, body)
    if (event === undefined) return
    const ref = { source: reading.source.name, line: reading.line }
    this.tell({ event, at: time, instance: instanceOf(program), ref, text: body, repeat }, reading)
  }

  /** Of the line just before, and of no other. */
  private repeat(times: number, at: number | undefined, reading: Reading): void {
    const { last, line } = reading
    if (last === undefined || last.ref.line !== line - 1) return
    this.tell({ ...last, at, repeat: times, ref: { ...last.ref, line } }, reading)
  }

  private tell(told: Told, reading: Reading): void {
    const teller = tellerOf(told.event)
    reading.last = told
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

import { decodeLine, wholeLines } from './blocks.js'
import { parseEnvelope } from './envelope.js'
import { instanceOf, type MailEvent, parseEvent } from './event.js'
import { FastLane } from './fast-lane.js'
import type { MailFlow } from './flow.js'
import type { Window } from './report.js'
import type { LogSource } from './sources.js'
import type { Told } from './story.js'
import { YearClock } from './time.js'
import { firstYear } from './year-scan.js'

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
  /** Kinds of events that a mail log told already; a system log must not tell them again. */
  readonly skipped: ReadonlySet<string> | undefined
  /** Who told something in it: the greylister or Postfix. */
  readonly tellers: Set<string>
  line: number
}

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
  ) {
    this.since = since ?? Number.NEGATIVE_INFINITY
  }

  get window(): Pick<Window, 'from' | 'to'> {
    if (this.oldest > this.newest) return { from: undefined, to: undefined }
    return { from: this.oldest, to: this.newest }
  }

  async read(source: LogSource): Promise<void> {
    const clock = new YearClock(source.modified, await firstYear(source))
    const skipped = source.shadow ? new Set(this.tellers) : undefined
    this.listener.startSource?.(source.name)
    const flow = skipped?.has('postfix') ? undefined : this.listener.flow
    const lane = new FastLane(clock, flow, (at) => this.counts(at))
    const reading = { source, clock, lane, skipped, tellers: new Set<string>(), line: 0 }
    for await (const block of wholeLines(source.open())) this.readBlock(block, reading)
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
      const taken = reading.lane.take(text, from, to)
      if (taken === 'flow') reading.tellers.add('postfix')
      else if (taken === 'no') this.readLine(decodeLine(block.subarray(from, to)), reading)
      from = to + 1
    }
    this.lines += reading.line - before
  }

  private readLine(line: string, { source, clock, skipped, tellers, line: number }: Reading): void {
    const envelope = parseEnvelope(line, clock)
    if (envelope === undefined) return
    const { time: at, program, body, repeat } = envelope
    if (at !== undefined && !this.counts(at)) return
    const event = parseEvent(program, body)
    if (event === undefined) return
    const teller = tellerOf(event)
    if (skipped?.has(teller)) return
    const ref = { source: source.name, line: number }
    this.listener.add({ event, at, instance: instanceOf(program), ref, text: body, repeat })
    tellers.add(teller)
  }

  /** Is it in the window? Widens the window that was seen. */
  private counts(at: number): boolean {
    if (at < this.since) return false
    if (at < this.oldest) this.oldest = at
    if (at > this.newest) this.newest = at
    return true
  }
}

function tellerOf(event: MailEvent): string {
  if (event.kind === 'deferred') return event.by
  return event.kind === 'passed' || event.kind === 'failed-open' ? 'greylister' : 'postfix'
}

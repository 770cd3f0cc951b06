import { LONGEST_LINE } from './blocks.js'
import { ADDRESS, DIGIT, find, HOST, isOf, skip, standsAt, TAG, VISIBLE, word } from './bytes.js'
import { DeferralReader } from './deferral.js'
import { instanceOf } from './event.js'
import { Fingerprint } from './fingerprint.js'
import type { MailFlow } from './flow.js'
import { lineKind, type ProgramKind, programKind } from './line-kinds.js'
import { StampReader } from './stamp.js'
import type { YearClock } from './time.js'

/** Who wrote a line. */
export interface Program {
  readonly name: string
  readonly kind: ProgramKind
  /** The instance's fingerprint: queue ids of different instances are different. */
  readonly instance: { readonly a: number; readonly b: number }
  readonly bytes: Uint8Array
}

/**
 * What became of a line: of no interest, told to the mail flow, a deferral that was read, for parseEvent (its time,
 * program and body are known), or not certain here and for parseEnvelope.
 */
export type Taken = 'nothing' | 'flow' | 'deferral' | 'event' | 'line'

/** Slots for programs by their names: a log has a few dozen, a forger may have any number. */
const PROGRAMS = 256
const BLANK = 32
const NO_ONE: Program = { name: '', kind: 'any', instance: { a: 0, b: 0 }, bytes: word('') }
const STREAMS = new Set(['stdout ', 'stderr '])
const CLIENT = word('client=')
const FROM = word('from=<')
const SIZE = word('>, size=')
const TO = word('to=<')
const RELAY = word('>, relay=')
const STATUS = word(', status=')

/**
 * Sorts the lines of a block where they lie, as bytes, without making a string of each: most of a log is of no interest,
 * and most of the rest is about mail that was never deferred. A line of any form that is not certain here is left to
 * parseEnvelope and parseEvent, which this lane must never contradict (test/maillog/fast-lane.test.ts holds it to that).
 */
export class FastLane {
  /** Of the line that is a deferral or for parseEvent. */
  program: Program = NO_ONE
  /** Where its body begins. */
  body = 0
  readonly deferral = new DeferralReader()
  private readonly stamp: StampReader
  private readonly programs: Program[] = new Array(PROGRAMS).fill(NO_ONE)
  private readonly print = new Fingerprint()
  /** `mx `, of the line before. */
  private host = word(' ')

  constructor(
    clock: YearClock,
    /** undefined: lines of accepted mail are events, too. */
    private readonly flow: MailFlow | undefined,
    /** Is a line of this time in the window? */
    private readonly counts: (at: number) => boolean,
  ) {
    this.stamp = new StampReader(clock)
  }

  /** Seconds since the epoch, of the line that is a deferral or for parseEvent. */
  get at(): number {
    return this.stamp.at
  }

  /** The line from `from` to `to`, without its CR. */
  take(bytes: Buffer, from: number, to: number): Taken {
    if (to - from > LONGEST_LINE) return 'line'
    const rest = this.stamp.read(bytes, from, to)
    if (rest === -1) return 'line'
    const tag = this.afterHost(bytes, rest, to)
    if (tag === -1) return 'line'
    const program = this.programAt(bytes, tag, to)
    const name = tag + program.bytes.length
    let at = name
    const hasPid = bytes[at] === 91
    if (hasPid) {
      at = skip(bytes, DIGIT, at + 1, to)
      if (bytes[at] !== 93 || at === name + 1) return 'line'
      at += 1
    }
    if (bytes[at] !== 58 || bytes[at + 1] !== BLANK || at + 2 >= to || name === tag) return 'line'
    this.program = program
    this.body = at + 2
    const kind = lineKind(this.program.kind, hasPid, bytes, this.body, to)
    if (kind === 'nothing') this.counts(this.stamp.at)
    if (kind === 'event' && this.flow !== undefined && this.program.kind === 'smtpd')
      return this.deferral.read(bytes, this.body, to) ? 'deferral' : 'event'
    if (kind !== 'flow') return kind
    return this.flow === undefined ? 'event' : this.takeFlow(this.flow, bytes, to)
  }

  private takeFlow(flow: MailFlow, bytes: Buffer, to: number): Taken {
    const { a, b } = this.program.instance
    const colon = find(bytes, 58, this.body, to)
    const id = this.print.resume(a, b).addExact(bytes, this.body, colon)
    const words = colon + 2
    switch (bytes[words]) {
      case 99:
        return this.takeClient(flow, id, bytes, words, to)
      case 102:
        return this.takeSender(flow, id, bytes, words, to)
      case 116:
        return this.takeRecipient(flow, id, bytes, words, to)
      default:
        if (this.counts(this.stamp.at)) flow.removed(id)
        return 'flow'
    }
  }

  /** `client=NAME[ADDRESS]` and nothing more: what was authenticated or handed on has more words. */
  private takeClient(flow: MailFlow, id: Fingerprint, bytes: Buffer, words: number, to: number): Taken {
    if (!standsAt(bytes, words, CLIENT) || bytes[to - 1] !== 93) return 'event'
    const open = find(bytes, 91, words + CLIENT.length, to)
    const close = skip(bytes, ADDRESS, open + 1, to)
    if (close !== to - 1 || close === open + 1) return 'event'
    for (let here = words + CLIENT.length; here < open; here += 1)
      if (!isOf(VISIBLE, bytes[here]) || bytes[here] === 93) return 'event'
    const { at } = this.stamp
    if (this.counts(at)) flow.accepted(id, bytes, open + 1, close, false, at)
    return 'flow'
  }

  /** `from=<S>, size=550, nrcpt=1 (queue active)`: a sender with a > in it is a matter for the parser. */
  private takeSender(flow: MailFlow, id: Fingerprint, bytes: Buffer, words: number, to: number): Taken {
    if (!standsAt(bytes, words, FROM)) return 'event'
    const start = words + FROM.length
    const close = find(bytes, 62, start, to)
    if (!standsAt(bytes, close, SIZE) || find(bytes, 62, close + 1, to) !== to) return 'event'
    if (this.counts(this.stamp.at)) flow.queued(id, bytes, start, close)
    return 'flow'
  }

  /** `to=<R>, relay=…, status=…`; with orig_to it is for the parser. */
  private takeRecipient(flow: MailFlow, id: Fingerprint, bytes: Buffer, words: number, to: number): Taken {
    const start = words + TO.length
    const close = find(bytes, 62, start, to)
    if (!standsAt(bytes, close, RELAY) || !hasStatus(bytes, close, to)) return 'event'
    if (this.counts(this.stamp.at)) flow.delivery(id, bytes, start, close)
    return 'flow'
  }

  /** Where the tag begins. A log is most often of one host. */
  private afterHost(bytes: Buffer, from: number, to: number): number {
    if (standsAt(bytes, from, this.host)) return from + this.host.length
    const at = skip(bytes, HOST, from, to)
    if (at === from || bytes[at] !== BLANK || at >= to) return -1
    const host = bytes.toString('latin1', from, at + 1)
    if (STREAMS.has(host)) return -1
    this.host = word(host)
    return at + 1
  }

  /** A few characters tell where it is kept, if it is there: most lines are of a few programs. */
  private programAt(bytes: Buffer, from: number, to: number): Program {
    const slot =
      ((bytes[from] as number) +
        7 * ((bytes[from + 8] as number) || 0) +
        31 * ((bytes[from + 12] as number) || 0)) &
      (PROGRAMS - 1)
    const known = this.programs[slot] as Program
    const end = from + known.bytes.length
    if (end > from && standsAt(bytes, from, known.bytes) && !isOf(TAG, bytes[end])) return known
    const name = bytes.toString('latin1', from, skip(bytes, TAG, from, to))
    const { a, b } = new Fingerprint().start().add(Buffer.from(instanceOf(name)))
    const program = { name, kind: programKind(name), instance: { a, b }, bytes: word(name) }
    this.programs[slot] = program
    return program
  }
}

function hasStatus(bytes: Uint8Array, from: number, to: number): boolean {
  for (let comma = from; comma < to; comma += 1) {
    comma = find(bytes, 44, comma, to)
    if (standsAt(bytes, comma, STATUS)) return comma < to
  }
  return false
}

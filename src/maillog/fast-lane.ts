import { LONGEST_LINE } from './blocks.js'
import {
  ADDRESS,
  type Block,
  find,
  findWord,
  isOf,
  skip,
  standsAt,
  VISIBLE,
  word,
  wordToFind,
} from './bytes.js'
import { DeferralReader } from './deferral.js'
import { Fingerprint } from './fingerprint.js'
import type { MailFlow } from './flow.js'
import { lineKind } from './line-kinds.js'
import { HeadReader, type Program } from './programs.js'
import { StampReader } from './stamp.js'
import type { YearClock } from './time.js'

/**
 * What became of a line: of no interest, told to the mail flow, a deferral that was read, for parseEvent (its time,
 * program and body are known), or not certain here and for parseEnvelope.
 */
export type Taken = 'nothing' | 'flow' | 'deferral' | 'event' | 'line'

const CLIENT = word('client=')
const FROM = word('from=<')
const SIZE = word('>, size=')
const TO = word('to=<')
const RELAY = word('>, relay=')
const STATUS = wordToFind(', status=')

/**
 * Sorts the lines of a block where they lie, as bytes, without making a string of each: most of a log is of no interest,
 * and most of the rest is about mail that was never deferred. A line of any form that is not certain here is left to
 * parseEnvelope and parseEvent, which this lane must never contradict (test/maillog/fast-lane.test.ts holds it to that).
 */
export class FastLane {
  /** Where the body begins, of the line that is a deferral or for parseEvent. */
  body = 0
  readonly deferral = new DeferralReader()
  private readonly stamp: StampReader
  private readonly head = new HeadReader()
  private readonly print = new Fingerprint()

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

  /** Who wrote it. */
  get program(): Program {
    return this.head.program
  }

  /** The line from `from` to `to`, without its CR. */
  take(block: Block, from: number, to: number): Taken {
    if (to - from > LONGEST_LINE) return 'line'
    const rest = this.stamp.read(block, from, to)
    if (rest === -1) return 'line'
    const { head } = this
    const body = head.read(block, rest, to)
    if (body === -1) return 'line'
    this.body = body
    const { program } = head
    const kind = lineKind(program.kind, head.hasPid, block, body, to)
    if (kind === 'nothing') this.counts(this.stamp.at)
    if (kind === 'event' && this.flow !== undefined && program.kind === 'smtpd')
      return this.deferral.read(block, body, to) ? 'deferral' : 'event'
    if (kind !== 'flow') return kind
    return this.flow === undefined ? 'event' : this.takeFlow(this.flow, block, to)
  }

  private takeFlow(flow: MailFlow, block: Block, to: number): Taken {
    const { bytes } = block
    const { a, b } = this.head.program.instance
    const colon = find(bytes, 58, this.body, to)
    const id = this.print.resume(a, b).addExact(bytes, this.body, colon)
    const words = colon + 2
    switch (bytes[words]) {
      case 99:
        return this.takeClient(flow, id, block, words, to)
      case 102:
        return this.takeSender(flow, id, block, words, to)
      case 116:
        return this.takeRecipient(flow, id, block, words, to)
      default:
        if (this.counts(this.stamp.at)) flow.removed(id)
        return 'flow'
    }
  }

  /** `client=NAME[ADDRESS]` and nothing more: what was authenticated or handed on has more words. */
  private takeClient(flow: MailFlow, id: Fingerprint, block: Block, words: number, to: number): Taken {
    const { bytes } = block
    if (!standsAt(block, words, CLIENT) || bytes[to - 1] !== 93) return 'event'
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
  private takeSender(flow: MailFlow, id: Fingerprint, block: Block, words: number, to: number): Taken {
    const { bytes } = block
    if (!standsAt(block, words, FROM)) return 'event'
    const start = words + FROM.length
    const close = find(bytes, 62, start, to)
    if (!standsAt(block, close, SIZE) || find(bytes, 62, close + 1, to) !== to) return 'event'
    if (this.counts(this.stamp.at)) flow.queued(id, bytes, start, close)
    return 'flow'
  }

  /** `to=<R>, relay=…, status=…`; with orig_to it is for the parser. */
  private takeRecipient(flow: MailFlow, id: Fingerprint, block: Block, words: number, to: number): Taken {
    const { bytes } = block
    const start = words + TO.length
    const close = find(bytes, 62, start, to)
    if (!standsAt(block, close, RELAY) || findWord(bytes, STATUS, close, to) === to) return 'event'
    if (this.counts(this.stamp.at)) flow.delivery(id, bytes, start, close)
    return 'flow'
  }
}

import { LONGEST_LINE } from './blocks.js'
import { instanceOf, isPostfix, postfixDaemon } from './event.js'
import { Fingerprint } from './fingerprint.js'
import type { MailFlow } from './flow.js'
import { isOtherGreylister } from './other-greylisters.js'
import { StampReader } from './stamp.js'
import type { YearClock } from './time.js'

/** What a program's lines can be about. */
interface Program {
  readonly name: string
  readonly kind: 'smtpd' | 'cleanup' | 'qmgr' | 'agent' | 'other' | 'any'
  /** The instance's fingerprint: queue ids of different instances are different. */
  readonly instance: { readonly a: number; readonly b: number }
}

/** What became of a line: not for this lane, of no interest, or told to the mail flow. */
export type Taken = 'no' | 'nothing' | 'flow'

/** Slots for programs by their names: a log has a few dozen, a forger may have any number. */
const PROGRAMS = 256
const BLANK = 32

/**
 * Sorts the lines of a block where they lie, without making a string of each: most of a log is of no interest, and most
 * of the rest is about mail that was never deferred. A line of any form that is not certain here is left to
 * parseEnvelope and parseEvent, which this lane must never contradict (test/maillog/fast-lane.test.ts holds it to that).
 * Measured, in processor time: six seconds for a million lines when each was parsed, 1.1 s so.
 */
export class FastLane {
  private readonly stamp: StampReader
  private readonly programs: (Program | undefined)[] = new Array(PROGRAMS).fill(undefined)
  private readonly print = new Fingerprint()
  /** `mx `, of the line before. */
  private host = ' '

  constructor(
    clock: YearClock,
    /** undefined: lines of accepted mail are left to the parsers, too. */
    private readonly flow: MailFlow | undefined,
    /** Is a line of this time in the window? */
    private readonly counts: (at: number) => boolean,
  ) {
    this.stamp = new StampReader(clock)
  }

  /** The line from `from` to `end`. */
  take(text: string, from: number, end: number): Taken {
    const to = text.charCodeAt(end - 1) === 13 ? end - 1 : end
    if (to - from > LONGEST_LINE) return 'no'
    const rest = this.stamp.read(text, from, to)
    if (rest === -1) return 'no'
    const tag = this.afterHost(text, rest, to)
    if (tag === -1) return 'no'
    let at = tag
    let hash = 0
    let code = text.charCodeAt(at)
    for (; isTagCharacter(code); code = text.charCodeAt(at)) {
      hash = (Math.imul(hash, 31) + code) | 0
      at += 1
    }
    const name = at
    if (code === 91 && at > tag) {
      for (at += 1; isDigit(text.charCodeAt(at)); at += 1);
      if (text.charCodeAt(at) !== 93 || at === name + 1) return 'no'
      at += 1
    }
    if (text.charCodeAt(at) !== 58 || text.charCodeAt(at + 1) !== BLANK || at + 2 >= to || at === tag)
      return 'no'
    const program = this.program(text, tag, name, hash)
    return this.takeBody(program, text, at + 2, to)
  }

  private takeBody(program: Program, text: string, body: number, to: number): Taken {
    const found = sort(program.kind, text, body, to)
    if (found === 'no') return 'no'
    const { at } = this.stamp
    const flow = found === 'nothing' ? undefined : this.flow
    if (found !== 'nothing' && flow === undefined) return 'no'
    if (flow === undefined) {
      this.counts(at)
      return 'nothing'
    }
    const words = text.indexOf(': ', body) + 2
    const { a, b } = program.instance
    const id = this.print.resume(a, b).add(text, body, words - 2)
    switch (text.charCodeAt(words)) {
      case 99:
        return this.takeClient(flow, id, text, words, to, at)
      case 102:
        return this.takeSender(flow, id, text, words, to, at)
      case 116:
        return this.takeRecipient(flow, id, text, words, to, at)
      default:
        if (this.counts(at)) flow.removed(id)
        return 'flow'
    }
  }

  /** `client=NAME[ADDRESS]` and nothing more: what was authenticated or handed on has more words. */
  private takeClient(
    flow: MailFlow,
    id: Fingerprint,
    text: string,
    words: number,
    to: number,
    at: number,
  ): Taken {
    if (!text.startsWith('client=', words) || text.charCodeAt(to - 1) !== 93) return 'no'
    let open = words + 7
    for (let code = 0; code !== 91; open += 1) {
      code = text.charCodeAt(open)
      if (open >= to || code <= BLANK || code === 93 || code > 126) return 'no'
    }
    open -= 1
    for (let here = open + 1; here < to - 1; here += 1)
      if (!isAddressCharacter(text.charCodeAt(here))) return 'no'
    if (open + 2 >= to) return 'no'
    if (this.counts(at)) flow.accepted(id, text, open + 1, to - 1, false, at)
    return 'flow'
  }

  /** `from=<S>, size=550, nrcpt=1 (queue active)` */
  private takeSender(
    flow: MailFlow,
    id: Fingerprint,
    text: string,
    words: number,
    to: number,
    at: number,
  ): Taken {
    if (!text.startsWith('from=<', words)) return 'no'
    const close = find(text, 62, words + 6, to)
    // a sender with a > in it is a matter for the parser
    if (!text.startsWith('>, size=', close) || find(text, 62, close + 1, to) !== to) return 'no'
    if (this.counts(at)) flow.queued(id, text, words + 6, close)
    return 'flow'
  }

  /** `to=<R>, [orig_to=<O>, ]relay=…, status=…` */
  private takeRecipient(
    flow: MailFlow,
    id: Fingerprint,
    text: string,
    words: number,
    to: number,
    at: number,
  ): Taken {
    if (!text.startsWith('to=<', words)) return 'no'
    const close = find(text, 62, words + 4, to)
    if (!text.startsWith('>, relay=', close)) return 'no'
    const status = text.indexOf(', status=', close)
    if (status === -1 || status > to) return 'no'
    if (this.counts(at)) flow.delivery(id, text, words + 4, close)
    return 'flow'
  }

  /** Where the tag begins. A log is most often of one host. */
  private afterHost(text: string, from: number, to: number): number {
    if (text.startsWith(this.host, from)) return from + this.host.length
    let at = from
    while (at < to && isHostCharacter(text.charCodeAt(at))) at += 1
    if (at === from || text.charCodeAt(at) !== BLANK) return -1
    const host = text.slice(from, at + 1)
    if (host === 'stdout ' || host === 'stderr ') return -1
    this.host = Buffer.from(host).toString()
    return at + 1
  }

  private program(text: string, from: number, to: number, hash: number): Program {
    const slot = (hash ^ (hash >>> 8)) & (PROGRAMS - 1)
    const known = this.programs[slot]
    if (known !== undefined && known.name.length === to - from && text.startsWith(known.name, from))
      return known
    const name = Buffer.from(text.slice(from, to)).toString()
    const { a, b } = new Fingerprint().start().add(instanceOf(name))
    const program = { name, kind: kindOf(name), instance: { a, b } }
    this.programs[slot] = program
    return program
  }
}

/** They say what a log lacks. */
const LOSES = new Set(['systemd-journald', 'rsyslogd'])

function kindOf(name: string): Program['kind'] {
  if (!isPostfix(name))
    return name.endsWith('.service') || isOtherGreylister(name) || LOSES.has(name) ? 'any' : 'other'
  const daemon = postfixDaemon(name)
  if (daemon === undefined) return 'any'
  if (daemon === 'smtpd' || daemon === 'cleanup') return daemon
  return daemon === 'qmgr' || daemon === 'nqmgr' ? 'qmgr' : 'agent'
}

/** By its first letters: can the body be an event? `flow`: a line of accepted mail. */
function sort(kind: Program['kind'], text: string, body: number, to: number): Taken {
  const first = text.charCodeAt(body)
  if (kind === 'any' || mayNest(text, body, first)) return 'no'
  if (kind === 'other') return mayTellOther(text, body, to, first) ? 'no' : 'nothing'
  if (first === 78 && text.startsWith('NOQUEUE: ', body)) return sortReject(text, body + 9, to)
  if (first === 119 && text.startsWith('warning: ', body)) return sortWarning(kind, text, body + 9)
  const words = afterQueueId(text, body, to)
  return words === -1 ? 'nothing' : sortQueued(kind, text, words, to)
}

/** What follows a queue id. */
function sortQueued(kind: Program['kind'], text: string, words: number, to: number): Taken {
  const rejects = kind === 'smtpd' || kind === 'cleanup'
  switch (text.charCodeAt(words)) {
    case 99: // client=
      return kind === 'smtpd' ? 'flow' : 'nothing'
    case 102: // from=
      return kind === 'qmgr' ? 'flow' : 'nothing'
    case 116: // to=
      return text.startsWith('to=<', words) ? 'flow' : 'nothing'
    case 109: // milter-reject; message-id, nearly always
      return rejects && text.charCodeAt(words + 1) === 105 ? sortReject(text, words, to) : 'nothing'
    case 114: // reject, removed
      if (to - words === 7 && text.startsWith('removed', words)) return 'flow'
      return rejects ? sortReject(text, words, to) : 'nothing'
    default:
      return 'nothing'
  }
}

/** Another line in this one, or a folded one: parseEnvelope knows. */
function mayNest(text: string, body: number, first: number): boolean {
  if (first === 123 || first === 91 || (first === 109 && text.startsWith('message repeated ', body)))
    return true
  const fourth = text.charCodeAt(body + 3)
  if (first > 64 && first < 91) return fourth === BLANK && text.charCodeAt(body + 9) === 58
  return first > 47 && first < 58 && text.charCodeAt(body + 4) === 45 && text.charCodeAt(body + 7) === 45
}

/** Lines of greylisters begin with few letters; a queue id may stand before. */
function mayTellOther(text: string, body: number, to: number, first: number): boolean {
  // action=, grey:, module=, warning: and whitelisted:
  if (first === 97 || first === 103 || first === 109 || first === 119) return true
  const words = afterQueueId(text, body, to)
  return words !== -1 && text.startsWith('action=', words)
}

function sortWarning(kind: Program['kind'], text: string, words: number): Taken {
  if (kind !== 'smtpd') return 'nothing'
  return text.startsWith('connect to ', words) || text.startsWith('problem talking ', words)
    ? 'no'
    : 'nothing'
}

/** `[milter-]reject: RCPT from NAME[ADDRESS]: 554 …`: what is refused for good is no greylisting. */
function sortReject(text: string, words: number, to: number): Taken {
  if (!text.startsWith('reject: ', words) && !text.startsWith('milter-reject: ', words)) return 'nothing'
  const close = find(text, 93, words, to)
  const isFinal = text.startsWith(']: 5', close)
  return isFinal ? 'nothing' : 'no'
}

/** What follows `4K68s31RlGzgf9W: `; -1 where no queue id stands. */
function afterQueueId(text: string, body: number, to: number): number {
  let at = body
  while (at < to && isAlphanumeric(text.charCodeAt(at))) at += 1
  const size = at - body
  if (size < 6 || size > 20 || text.charCodeAt(at) !== 58 || text.charCodeAt(at + 1) !== BLANK) return -1
  return at + 2
}

/** Never past the line, however long the block; `to` for none. */
function find(text: string, code: number, from: number, to: number): number {
  let at = from
  while (at < to && text.charCodeAt(at) !== code) at += 1
  return at
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isAlphanumeric(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90)
}

/** Letters, digits, - . _ and / */
function isTagCharacter(code: number): boolean {
  return isAlphanumeric(code) || (code >= 45 && code <= 47) || code === 95
}

function isHostCharacter(code: number): boolean {
  return isAlphanumeric(code) || code === 45 || code === 46 || code === 95
}

function isAddressCharacter(code: number): boolean {
  return (
    (code >= 48 && code <= 58) || code === 46 || (code >= 97 && code <= 102) || (code >= 65 && code <= 70)
  )
}

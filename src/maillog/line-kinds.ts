import { ALPHANUMERIC, type Block, find, skip, standsAt, word } from './bytes.js'
import { isPostfix, postfixDaemon } from './event.js'
import { isOtherGreylister } from './other-greylisters.js'

/** What a program's lines can be about. */
export type ProgramKind = 'smtpd' | 'cleanup' | 'qmgr' | 'agent' | 'other' | 'any'

/**
 * By a body's first letters: of no interest (`nothing`), a line of accepted mail (`flow`), for parseEvent (`event`), or
 * of a form that only parseEnvelope reads (`line`).
 */
export type LineKind = 'nothing' | 'flow' | 'event' | 'line'

const BLANK = 32
const COLON = 58

/** They say what a log lacks. */
const LOSES = new Set(['systemd-journald', 'rsyslogd'])
/** A message without a program begins so (envelope.ts): these are no programs. */
const BARE = new Set(['NOQUEUE', 'warning', 'fatal', 'error', 'whitelisted'])

export function programKind(name: string): ProgramKind {
  if (!isPostfix(name)) {
    const tells = isOtherGreylister(name) || LOSES.has(name) || BARE.has(name)
    return tells || name.endsWith('.service') ? 'any' : 'other'
  }
  const daemon = postfixDaemon(name)
  if (daemon === undefined) return 'any'
  if (daemon === 'smtpd' || daemon === 'cleanup') return daemon
  return daemon === 'qmgr' || daemon === 'nqmgr' ? 'qmgr' : 'agent'
}

const NOQUEUE = word('NOQUEUE: ')
const WARNING = word('warning: ')
const TO = word('to=<')
const REMOVED = word('removed')
const REPEATED = word('message repeated ')
const ACTION = word('action=')
const CLIENT = word('client=')
const CONNECT = word('connect to ')
const TALKING = word('problem talking ')
const REJECT = word('reject: ')
const MILTER_REJECT = word('milter-reject: ')
const FINAL = word(']: 5')

/** Of the line's body, from `body` to `to`; `named`: a process id stands after the program. */
export function lineKind(
  kind: ProgramKind,
  named: boolean,
  block: Block,
  body: number,
  to: number,
): LineKind {
  const first = block.bytes[body] as number
  if (kind === 'any' || mayNest(block, body, first)) return 'line'
  if (!named && (standsAt(block, body, ACTION) || standsAt(block, body, CLIENT))) return 'line'
  if (kind === 'other') return mayTell(block, body, to, first) ? 'event' : 'nothing'
  if (first === 78 && standsAt(block, body, NOQUEUE)) return rejectKind(block, body + 9, to)
  if (first === 119 && standsAt(block, body, WARNING)) return warningKind(kind, block, body + 9)
  const words = afterQueueId(block, body, to)
  return words === -1 ? 'nothing' : queuedKind(kind, block, words, to)
}

/** What follows a queue id. */
function queuedKind(kind: ProgramKind, block: Block, words: number, to: number): LineKind {
  const rejects = kind === 'smtpd' || kind === 'cleanup'
  switch (block.bytes[words]) {
    case 99: // client=
      return kind === 'smtpd' ? 'flow' : 'nothing'
    case 102: // from=
      return kind === 'qmgr' ? 'flow' : 'nothing'
    case 116: // to=
      return standsAt(block, words, TO) ? 'flow' : 'nothing'
    case 109: // milter-reject; message-id, nearly always
      return rejects && block.bytes[words + 1] === 105 ? rejectKind(block, words, to) : 'nothing'
    case 114: // reject, removed
      if (to - words === REMOVED.length && standsAt(block, words, REMOVED)) return 'flow'
      return rejects ? rejectKind(block, words, to) : 'nothing'
    default:
      return 'nothing'
  }
}

/** Another line in this one, or a folded one: parseEnvelope knows. */
function mayNest(block: Block, body: number, first: number): boolean {
  // {, [ and "message repeated 2 times: ["
  if (first === 123 || first === 91 || (first === 109 && standsAt(block, body, REPEATED))) return true
  if (first > 64 && first < 91) return block.bytes[body + 3] === BLANK && block.bytes[body + 9] === COLON
  return first > 47 && first < 58 && block.bytes[body + 4] === 45 && block.bytes[body + 7] === 45
}

/** Lines of greylisters begin with few letters; a queue id may stand before. */
function mayTell(block: Block, body: number, to: number, first: number): boolean {
  // action=, grey:, module=, warning: and whitelisted:
  if (first === 97 || first === 103 || first === 109 || first === 119) return true
  const words = afterQueueId(block, body, to)
  return words !== -1 && standsAt(block, words, ACTION)
}

function warningKind(kind: ProgramKind, block: Block, words: number): LineKind {
  const tells = standsAt(block, words, CONNECT) || standsAt(block, words, TALKING)
  return kind === 'smtpd' && tells ? 'event' : 'nothing'
}

/** `[milter-]reject: RCPT from NAME[ADDRESS]: 554 …`: what is refused for good is no greylisting. */
function rejectKind(block: Block, words: number, to: number): LineKind {
  if (!standsAt(block, words, REJECT) && !standsAt(block, words, MILTER_REJECT)) return 'nothing'
  return standsAt(block, find(block.bytes, 93, words, to), FINAL) ? 'nothing' : 'event'
}

/** What follows `4K68s31RlGzgf9W: `; -1 where no queue id stands. */
function afterQueueId(block: Block, body: number, to: number): number {
  const at = skip(block.bytes, ALPHANUMERIC, body, Math.min(to, body + 21))
  const size = at - body
  if (size < 6 || size > 20 || block.bytes[at] !== COLON || block.bytes[at + 1] !== BLANK) return -1
  return at + 2
}

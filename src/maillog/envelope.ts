import { type JournalFields, journalText } from './journal-records.js'
import { jsonLineTime } from './json-event.js'
import { isoSeconds, monthOf, type YearClock } from './time.js'

/** What the log says around a message. */
export interface Envelope {
  /** Seconds since the epoch; undefined where the line has no time. */
  readonly time: number | undefined
  /** As in `postfix/smtpd`, `postgrey`; empty where the line has none. */
  readonly program: string
  readonly pid: string
  readonly body: string
  /** "message repeated 2 times: [ … ]" stands for two. */
  readonly repeat: number
}

const RFC3164 = /^([^\s\d[\](){}<>:,]{3,7}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)(?:\.\d{1,9})? (.*)$/s
const ISO_LINE = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) (?:UTC )?(.*)$/s
const SHORT_FULL = /^[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) ([A-Z+\-\d]{1,6}) (.*)$/s
const RFC5424 =
  /^<\d{1,3}>1 (\S+) \S+ (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]\\"]|\\.|"(?:[^"\\]|\\.)*")*\])+) ?\ufeff?(.*)$/s
const PRIORITY = /^<\d{1,3}>(?=\p{L}{3,6}\.? )/u
/** journalctl -o short-unix, short-monotonic. */
const UNIX_LINE = /^(\d{9,10}\.\d{6}) (.*)$/s
const MONOTONIC = /^\[ *\d{1,9}\.\d{6}\] (?=\S)/
const CONTAINER_STREAM = /^(?:stdout|stderr) [FP] /
/** docker compose, docker service logs, kubectl logs --prefix; coloured on a terminal. */
const WRAPPED =
  /^(?:(?:\x1b\[[\d;]*m)*[\w.@-]{1,128} +\| ?(?:\x1b\[[\d;]*m)* ?|\[pod\/[\w.-]{1,128}\/[\w.-]{1,128}\] )/
/** Solaris: `[ID 197553 mail.info] `. */
const MESSAGE_ID = /^\[ID \d{1,10} [a-z0-9]{1,16}\.[a-z]{1,16}\] /
const HOST_AND_TAG = /^(?:(\S*[^\s:]) )?([^\s:[\]]+)(?:\[(\d+)\])?: ?(.*)$/s
const REPEATED = /^message repeated (\d{1,6}) times: \[ ?(.*?) ?\]$/s
const MAIL_PROGRAM = /^(?:postfix|postgrey|greyctl|sqlgrey)/
/** Bodies that stand without a program's name, as container supervisors write them. */
const BARE_BODY =
  /^(?:[0-9A-Za-z]{6,20}: )?(?:action=|client=)|^(?:NOQUEUE|warning|fatal|error|whitelisted): /

/**
 * A line of any log that mail servers keep: RFC 3164, RFC 3339, RFC 5424, journalctl's short forms and JSON, container
 * prefixes around one of them, or a bare message. Never throws; undefined for an empty line.
 */
export function parseEnvelope(line: string, clock: YearClock): Envelope | undefined {
  if (line === '') return undefined
  // journalctl -o json-seq and json-sse
  const rest = line.startsWith('\x1e{') ? line.slice(1) : line.startsWith('data: {') ? line.slice(6) : line
  return parseNested(rest, clock, 0)
}

function parseNested(line: string, clock: YearClock, depth: number): Envelope {
  const known = parseStamped(line, clock, depth)
  if (known) return known
  const rest = (WRAPPED.exec(line) ?? MONOTONIC.exec(line))?.[0]
  if (rest !== undefined && depth < 3) return parseNested(line.slice(rest.length), clock, depth + 1)
  return withTag(undefined, line, clock, depth)
}

/** The first character tells which format it can be. */
function parseStamped(line: string, clock: YearClock, depth: number): Envelope | undefined {
  const first = line.charCodeAt(0)
  if (isLetter(first)) return parseRfc3164(line, clock, depth) ?? parseShortFull(line, clock, depth)
  if (first >= 48 && first <= 57) return parseIso(line, clock, depth) ?? parseUnix(line, clock, depth)
  if (first === 60) {
    const priority = PRIORITY.exec(line)?.[0]
    return priority === undefined
      ? parseRfc5424(line)
      : parseNested(line.slice(priority.length), clock, depth)
  }
  return first === 123 ? parseJson(line, clock, depth) : undefined
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code >= 128
}

function parseUnix(line: string, clock: YearClock, depth: number): Envelope | undefined {
  const match = UNIX_LINE.exec(line)
  return match ? withTag(Number(match[1]), match[2] ?? '', clock, depth) : undefined
}

function parseIso(line: string, clock: YearClock, depth: number): Envelope | undefined {
  const match = ISO_LINE.exec(line)
  const time = match ? clock.iso.at(match[1] ?? '') : undefined
  return match && time !== undefined ? withTag(time, match[2] ?? '', clock, depth) : undefined
}

function parseRfc3164(line: string, clock: YearClock, depth: number): Envelope | undefined {
  const match = RFC3164.exec(line)
  if (match === null) return undefined
  const [, month = '', day = '', time = '', rest = ''] = match
  const seconds = clock.at(month, day, time)
  return seconds === undefined ? undefined : withTag(seconds, rest, clock, depth)
}

/** `Mon 2026-11-23 10:00:01 UTC mx …`: a zone's name other than UTC is taken for this machine's. */
function parseShortFull(line: string, clock: YearClock, depth: number): Envelope | undefined {
  const match = SHORT_FULL.exec(line)
  if (match === null) return undefined
  const [, date = '', zone, rest = ''] = match
  const time = isoSeconds(zone === 'UTC' || zone === 'GMT' ? `${date}Z` : date)
  return time === undefined ? undefined : withTag(time, rest, clock, depth)
}

function parseRfc5424(line: string): Envelope | undefined {
  const match = RFC5424.exec(line)
  if (match === null) return undefined
  const [, time = '', program = '', pid = '', body = ''] = match
  return envelope({ time: isoSeconds(time), program: dash(program), pid: dash(pid), body })
}

function dash(text: string): string {
  return text === '-' ? '' : text
}

/** `HOST TAG[PID]: BODY`, or a container's wrapping around another line, or a bare body. */
function withTag(time: number | undefined, rest: string, clock: YearClock, depth: number): Envelope {
  const stream = CONTAINER_STREAM.exec(rest)
  const inner = stream ? rest.slice(stream[0].length) : rest
  if (depth < 3 && beginsWithTime(inner)) return timed(parseNested(inner, clock, depth + 1), time)
  const bare = bareBody(time, inner)
  if (bare !== undefined) return envelope({ time, program: '', pid: '', body: bare })
  const match = HOST_AND_TAG.exec(inner)
  const [, host, program = '', pid = '', body = ''] = match ?? []
  const named = pid !== '' || MAIL_PROGRAM.test(program) || (host !== undefined && time !== undefined)
  if (match === null || !named) return envelope({ time, program: '', pid: '', body: inner })
  if (depth < 3 && mayWrap(program) && beginsWithTime(body))
    return timed(parseNested(body, clock, depth + 1), time)
  return envelope({ time, program, pid, body: body.startsWith('[ID ') ? body.replace(MESSAGE_ID, '') : body })
}

/** A program that has a log of its own wraps no other's line: what looks like one in it, somebody else wrote there. */
function mayWrap(program: string): boolean {
  return !MAIL_PROGRAM.test(program) && !program.includes('/')
}

/** A message without a program, perhaps after its host; undefined for anything else. */
function bareBody(time: number | undefined, text: string): string | undefined {
  if (BARE_BODY.test(text)) return text
  const host = time === undefined ? null : /^[\w.-]{1,255} (?=\S)/.exec(text)
  const rest = host ? text.slice(host[0].length) : ''
  return BARE_BODY.test(rest) ? rest : undefined
}

function beginsWithTime(text: string): boolean {
  const first = text.charCodeAt(0)
  if (first === 123) return text.startsWith('{"')
  if (first >= 48 && first <= 57) return ISO_LINE.test(text)
  if (!isLetter(first)) return false
  const month = RFC3164.exec(text)?.[1]
  return month !== undefined && monthOf(month) >= 0
}

function timed(inner: Envelope, outer: number | undefined): Envelope {
  return inner.time === undefined ? { ...inner, time: outer } : inner
}

function envelope(parts: Omit<Envelope, 'repeat'>): Envelope {
  const match = parts.body.startsWith('message repeated ') ? REPEATED.exec(parts.body) : null
  if (match === null) return { ...parts, repeat: 1 }
  return { ...parts, body: match[2] ?? '', repeat: Number(match[1]) }
}

/** An entry of `journalctl -o json`, or of Docker's json-file driver, or a line of greyctl's own. */
function parseJson(line: string, clock: YearClock, depth: number): Envelope | undefined {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof entry !== 'object' || entry === null) return undefined
  const fields = entry as JournalFields
  if (typeof fields.log === 'string' && depth < 3) {
    const outer = typeof fields.time === 'string' ? isoSeconds(fields.time) : undefined
    return timed(parseNested(fields.log.replace(/\r?\n$/, ''), clock, depth + 1), outer)
  }
  const time = jsonLineTime(line)
  if (time !== undefined) return envelope({ time: isoSeconds(time), program: 'greyctl', pid: '', body: line })
  return journalEnvelope(fields)
}

/** An entry of the journal; undefined for one without a message. */
export function journalEnvelope(fields: JournalFields): Envelope | undefined {
  if (fields.MESSAGE === undefined) return undefined
  const microseconds = Number(fields.__REALTIME_TIMESTAMP)
  const said = typeof fields.TIME === 'string' ? isoSeconds(fields.TIME) : undefined
  return envelope({
    time: Number.isFinite(microseconds) ? microseconds / 1e6 : said,
    program: journalText(fields.SYSLOG_IDENTIFIER ?? fields._COMM),
    pid: journalText(fields.SYSLOG_PID ?? fields._PID),
    body: journalText(fields.MESSAGE),
  })
}

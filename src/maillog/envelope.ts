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

const RFC3164 = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d)(?:\.\d{1,9})? (.*)$/s
const ISO_LINE = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) (?:UTC )?(.*)$/s
const SHORT_FULL = /^[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) ([A-Z+\-\d]{1,6}) (.*)$/s
const RFC5424 =
  /^<\d{1,3}>1 (\S+) \S+ (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]\\"]|\\.|"(?:[^"\\]|\\.)*")*\])+) ?\ufeff?(.*)$/s
const PRIORITY = /^<\d{1,3}>(?=[A-Z][a-z]{2} )/
const CONTAINER_STREAM = /^(?:stdout|stderr) [FP] /
const COMPOSE = /^[\w.-]{1,64} +\| /
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
  return line === '' ? undefined : parseNested(line, clock, 0)
}

function parseNested(line: string, clock: YearClock, depth: number): Envelope {
  const known = parseStamped(line, clock, depth)
  if (known) return known
  const rest = COMPOSE.exec(line)?.[0]
  if (rest !== undefined && depth < 3) return parseNested(line.slice(rest.length), clock, depth + 1)
  return withTag(undefined, line, clock, depth)
}

/** The first character tells which format it can be. */
function parseStamped(line: string, clock: YearClock, depth: number): Envelope | undefined {
  const first = line.charCodeAt(0)
  if (first >= 65 && first <= 90)
    return parseRfc3164(line, clock, depth) ?? parseShortFull(line, clock, depth)
  if (first >= 48 && first <= 57) return parseIso(line, clock, depth)
  if (first === 60) {
    const priority = PRIORITY.exec(line)?.[0]
    return priority === undefined
      ? parseRfc5424(line)
      : parseNested(line.slice(priority.length), clock, depth)
  }
  return first === 123 ? parseJson(line, clock, depth) : undefined
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
  if (BARE_BODY.test(inner)) return envelope({ time, program: '', pid: '', body: inner })
  const match = HOST_AND_TAG.exec(inner)
  const [, host, program = '', pid = '', body = ''] = match ?? []
  const named = pid !== '' || MAIL_PROGRAM.test(program) || (host !== undefined && time !== undefined)
  if (match === null || !named) return envelope({ time, program: '', pid: '', body: inner })
  if (depth < 3 && beginsWithTime(body)) return timed(parseNested(body, clock, depth + 1), time)
  return envelope({ time, program, pid, body })
}

function beginsWithTime(text: string): boolean {
  const first = text.charCodeAt(0)
  if (first === 123) return text.startsWith('{"')
  if (first >= 48 && first <= 57) return ISO_LINE.test(text)
  return first >= 65 && first <= 90 && monthOf(text.slice(0, 3)) >= 0 && RFC3164.test(text)
}

function timed(inner: Envelope, outer: number | undefined): Envelope {
  return inner.time === undefined ? { ...inner, time: outer } : inner
}

function envelope(parts: Omit<Envelope, 'repeat'>): Envelope {
  const match = parts.body.startsWith('message repeated ') ? REPEATED.exec(parts.body) : null
  if (match === null) return { ...parts, repeat: 1 }
  return { ...parts, body: match[2] ?? '', repeat: Number(match[1]) }
}

/** An entry of `journalctl -o json`, or of Docker's json-file driver. */
function parseJson(line: string, clock: YearClock, depth: number): Envelope | undefined {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof entry !== 'object' || entry === null) return undefined
  const fields = entry as Readonly<Record<string, unknown>>
  if (typeof fields.log === 'string' && depth < 3) {
    const outer = typeof fields.time === 'string' ? isoSeconds(fields.time) : undefined
    return timed(parseNested(fields.log.replace(/\r?\n$/, ''), clock, depth + 1), outer)
  }
  if (fields.MESSAGE === undefined) return undefined
  const microseconds = Number(fields.__REALTIME_TIMESTAMP)
  return envelope({
    time: Number.isFinite(microseconds) ? microseconds / 1e6 : undefined,
    program: journalText(fields.SYSLOG_IDENTIFIER),
    pid: journalText(fields.SYSLOG_PID ?? fields._PID),
    body: journalText(fields.MESSAGE),
  })
}

/** journald gives bytes as an array of numbers where they are no UTF-8, and null where they are too many. */
function journalText(value: unknown): string {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return ''
  if (value.every((byte) => typeof byte === 'number')) return Buffer.from(value).toString('utf8')
  return value.length > 0 ? journalText(value[0]) : ''
}

import { journalEnvelope } from './journal-json.js'
import { fullTime, inferTime, monthOf, zoneOffset } from './stamp.js'

/** Who wrote a line, when, and what. */
export interface Envelope {
  /** Seconds since the epoch, with fraction; undefined for a line without a stamp. */
  readonly at: number | undefined
  /** The syslog tag without its pid: `postfix/smtpd`, `postgrey`; '' for a bare line. */
  readonly program: string
  readonly body: string
}

export interface EnvelopeOptions {
  /** Seconds since the epoch when the log was last written: the year of stamps that have none. */
  readonly reference: number
}

export type EnvelopeParser = (line: string) => Envelope

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?: ?(Z|[+-]\d\d:?\d\d))? (.*)$/s
const RFC3164 = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? (.*)$/s
const SHORT_FULL =
  /^[A-Z][a-z]{2} (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? ([A-Z][A-Za-z]{1,5}|[+-]\d\d:?\d\d) (.*)$/s
const RFC5424 =
  /^<\d{1,3}>1 (\S+) \S+ (\S+) \S+ \S+ (?:-|(?:\[(?:[^\]"]|"(?:[^"\\]|\\.)*")*\])+)(?: (?:\ufeff)?(.*))?$/s
const COMPOSE = /^[\w.-]{1,64} +\| /
const CRI = /^(?:stdout|stderr) [FP] /
const HOST_AND_TAG = /^\S+ ([^\s:[]{1,128})(?:\[\d+\])?: ?(.*)$/s
/** A collector that put a host and a tag of its own before a whole syslog line (Mailu). */
const WRAPPED = /^\S+ [^\s:[]{1,128}\[\d+\]: (?=[A-Z][a-z]{2} [ \d]\d \d\d:)/

interface Stamped {
  readonly at: number | undefined
  readonly rest: string
}

/**
 * Takes a log line apart: RFC 3164 (both paddings), RFC 3339, RFC 5424, journalctl short, short-iso, short-full and
 * json, and what docker, compose and CRI put before them. Never throws; what is no envelope is a bare body.
 * Stamps without a zone are local time.
 */
export function createEnvelopeParser(options: EnvelopeOptions): EnvelopeParser {
  const yearless = createYearlessClock(options.reference)
  const parse = (line: string, outer: number | undefined, depth: number): Envelope => {
    if (line.startsWith('{')) return journalEnvelope(line) ?? bare(line, outer)
    if (line.startsWith('<')) return prioritised(line, outer, depth)
    const text = line.replace(COMPOSE, '')
    const stamped = stampOf(text, yearless)
    if (stamped) return afterStamp(stamped, depth)
    const unwrapped = depth < 2 ? text.replace(WRAPPED, '') : text
    return unwrapped === text ? bare(text, outer) : parse(unwrapped, outer, depth + 1)
  }
  const prioritised = (line: string, outer: number | undefined, depth: number): Envelope => {
    const modern = RFC5424.exec(line)
    if (modern) return { at: isoTime(modern[1] ?? ''), program: modern[2] ?? '', body: modern[3] ?? '' }
    const plain = line.replace(/^<\d{1,3}>/, '')
    return plain === line || depth > 1 ? bare(line, outer) : parse(plain, outer, depth + 1)
  }
  const afterStamp = ({ at, rest }: Stamped, depth: number): Envelope => {
    if (depth < 2) {
      const inner = rest.replace(CRI, '').replace(WRAPPED, '')
      if (inner !== rest || stampOf(inner, yearless)) return parse(inner, at, depth + 1)
    }
    const tagged = HOST_AND_TAG.exec(rest)
    return tagged ? { at, program: tagged[1] ?? '', body: tagged[2] ?? '' } : bare(rest, at)
  }
  return (line) => parse(line, undefined, 0)
}

function bare(body: string, at: number | undefined): Envelope {
  return { at, program: '', body }
}

type YearlessClock = (parts: RegExpExecArray) => number | undefined

function stampOf(text: string, yearless: YearlessClock): Stamped | undefined {
  const first = text.charCodeAt(0)
  if (first >= 0x30 && first <= 0x39) return iso(text)
  if (first < 0x41 || first > 0x5a) return undefined
  const short = RFC3164.exec(text)
  if (short) {
    const at = yearless(short)
    return at === undefined ? undefined : { at, rest: short[7] ?? '' }
  }
  const full = SHORT_FULL.exec(text)
  return full ? { at: dated(full), rest: full[9] ?? '' } : undefined
}

function iso(text: string): Stamped | undefined {
  const parts = RFC3339.exec(text)
  return parts ? { at: dated(parts), rest: parts[9] ?? '' } : undefined
}

function isoTime(text: string): number | undefined {
  return iso(`${text} `)?.at
}

function dated(parts: RegExpExecArray): number | undefined {
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  return fullTime([year, month - 1, day, hour, minute, second], fraction(parts[7]), zoneOffset(parts[8]))
}

function fraction(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(`0.${digits}`)
}

/** Local calendar arithmetic once an hour of log, not once a line. */
function createYearlessClock(reference: number): YearlessClock {
  let hourText = ''
  let hourAt: number | undefined
  return (parts) => {
    const key = `${parts[1]} ${parts[2]} ${parts[3]}`
    if (key !== hourText) {
      hourText = key
      hourAt = hourOf(parts, reference)
    }
    if (hourAt === undefined) return undefined
    return hourAt + Number(parts[4]) * 60 + Number(parts[5]) + fraction(parts[6])
  }
}

function hourOf(parts: RegExpExecArray, reference: number): number | undefined {
  const month = monthOf(parts[1] ?? '')
  const [day, hour] = [Number(parts[2]), Number(parts[3])]
  if (month === undefined || day < 1 || day > 31 || hour > 23) return undefined
  return inferTime({ month, day, hour, minute: 0, second: 0 }, reference)
}

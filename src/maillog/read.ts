import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { parseEnvelope } from './envelope.js'
import { type MailEvent, parseEvent } from './event.js'
import { splitLines } from './lines.js'
import type { LineRef } from './lives.js'
import type { Problem, Window } from './report.js'
import { findSources, type LogSource } from './sources.js'
import type { Told } from './story.js'
import { firstYearOf, monthDayOf, YearClock } from './time.js'

/** Which lines to read. */
export interface ReadOptions {
  /** Named log files; empty: where this host keeps its mail log. */
  readonly files?: readonly string[]
  readonly journal?: boolean
  /** Seconds since the epoch: what is older does not count. */
  readonly since?: number | undefined
  /** The Postfix instance's configuration directory, for maillog_file. */
  readonly configDir?: string
}

/** Who listens to what a log tells. */
export interface Listener {
  add(told: Told): void
}

/** What was read. */
export interface LogRead {
  readonly window: Window
  /** Seconds since the epoch up to which retries could have been seen: now, or the end of an old log. */
  readonly until: number | undefined
  /** What went wrong while reading. */
  readonly problems: readonly Problem[]
}

/**
 * Reads the log once, in order, and tells each event to the listener. A stream: memory does not grow with the log.
 * Throws GreyctlError('log-unreadable') when a named log, or every log, cannot be read.
 */
export async function readLog(
  host: Host,
  options: ReadOptions,
  listener: Listener | ((told: Told) => void),
): Promise<LogRead> {
  const { files = [], journal = false, since, configDir = '/etc/postfix' } = options
  const sources = await findSources(host, { files, journal, since, configDir })
  const { add } =
    typeof listener === 'function' ? { add: listener } : { add: (told: Told) => listener.add(told) }
  const reader = new LogReader(add, since)
  const problems: Problem[] = []
  for (const source of sources) {
    const before = reader.lines
    try {
      await reader.read(source)
    } catch (error) {
      if (!(error instanceof GreyctlError)) throw error
      const readSomething = reader.lines > before || sources.length > 1
      if (!readSomething || (reader.lines === before && files.includes(source.name))) throw unreadable(error)
      problems.push(damaged(source.name, error))
    }
  }
  if (problems.length === sources.length && reader.lines === 0) throw noneReadable(problems)
  const { from, to, lines } = reader
  return {
    window: { from, to, lines, sources: sources.map(({ name }) => name) },
    until: files.length > 0 ? to : host.now(),
    problems,
  }
}

/** Reads one source after the other. */
class LogReader {
  /** Lines read, whoever wrote them. */
  lines = 0
  /** Seconds since the epoch of the oldest and the newest line that counts. */
  from: number | undefined
  to: number | undefined
  /** Which kinds of events a mail log already told; a system log must not tell them again. */
  private readonly told = new Set<string>()

  constructor(
    private readonly tell: (told: Told) => void,
    private readonly since: number | undefined,
  ) {}

  async read(source: LogSource): Promise<void> {
    const clock = new YearClock(source.modified, await firstYear(source))
    const skipped = source.shadow ? new Set(this.told) : undefined
    const told = new Set<string>()
    let number = 0
    for await (const batch of splitLines(source.open())) {
      for (const line of batch) {
        number += 1
        const teller = this.line(line, clock, { source: source.name, line: number }, skipped)
        if (teller !== undefined) told.add(teller)
      }
    }
    if (!source.shadow) for (const teller of told) this.told.add(teller)
  }

  /** Who told something in this line: the greylister or Postfix; undefined for a line that does not count. */
  private line(
    line: string,
    clock: YearClock,
    ref: LineRef,
    skipped: ReadonlySet<string> | undefined,
  ): string | undefined {
    this.lines += 1
    const envelope = parseEnvelope(line, clock)
    if (envelope === undefined) return undefined
    const { time: at, program, body, repeat } = envelope
    if (at !== undefined && !this.counts(at)) return undefined
    const event = parseEvent(program, body)
    if (event === undefined) return undefined
    const teller = tellerOf(event)
    if (skipped?.has(teller)) return undefined
    this.tell({ event, at, instance: instanceOf(program), ref, text: body, repeat })
    return teller
  }

  /** Is it in the window? Widens the window that was seen. */
  private counts(at: number): boolean {
    if (this.since !== undefined && at < this.since) return false
    if (this.from === undefined || at < this.from) this.from = at
    if (this.to === undefined || at > this.to) this.to = at
    return true
  }
}

function tellerOf(event: MailEvent): string {
  if (event.kind === 'deferred') return event.by
  return event.kind === 'passed' || event.kind === 'failed-open' ? 'greylister' : 'postfix'
}

/** `postfix-in` of `postfix-in/smtpd`: queue ids of different instances are different. */
function instanceOf(program: string): string {
  const slash = program.indexOf('/')
  return slash < 0 ? '' : program.slice(0, slash)
}

/** A file without years is read twice: how many it spans is known at its end. */
async function firstYear(source: LogSource): Promise<number | undefined> {
  if (!source.again) return undefined
  for await (const batch of splitLines(source.open())) {
    if (!batch.slice(0, 20).some((line) => monthDayOf(line) !== undefined)) return undefined
    return firstYearOf(splitLines(source.open()), source.modified)
  }
  return undefined
}

function unreadable(error: GreyctlError): GreyctlError {
  if (error.code === 'log-unreadable') return error
  return new GreyctlError('log-unreadable', error.message, {
    hints: error.hints,
    cause: error,
    ...(error.where === undefined ? {} : { where: error.where }),
  })
}

function noneReadable(problems: readonly Problem[]): GreyctlError {
  return new GreyctlError('log-unreadable', `no log can be read: ${problems[0]?.detail}`, {
    hints: ['run as root or as a member of group adm', 'name the log with --log FILE'],
  })
}

function damaged(name: string, error: GreyctlError): Problem {
  return {
    id: 'log-unreadable',
    severity: 'warning',
    title: 'a log could not be read to its end',
    detail: `${name}: ${error.message}`,
    evidence: [],
    remediation: {
      text: 'the counts lack what it holds; read it as root, or leave it out by naming the others with --log',
      commands: [],
    },
  }
}

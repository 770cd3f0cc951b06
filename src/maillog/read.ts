import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { type Listener, LogReader } from './log-reader.js'
import type { Problem, Window } from './report.js'
import { findSources } from './sources.js'
import type { Told } from './story.js'

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
  const reader = new LogReader(typeof listener === 'function' ? { add: listener } : listener, since)
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
  const { lines } = reader
  const { from, to } = reader.window
  return {
    window: { from, to, lines, sources: sources.map(({ name }) => name) },
    until: files.length > 0 ? to : host.now(),
    problems,
  }
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

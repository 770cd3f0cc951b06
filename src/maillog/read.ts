import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import type { Cursor } from './cursor.js'
import { type Listener, LogReader } from './log-reader.js'
import { type Dated, inOrder } from './order.js'
import { replyPattern } from './own-reply.js'
import type { Problem, Window } from './report.js'
import { type ScanOptions, ScanThread } from './scan-thread.js'
import { findSources, type LogSource } from './sources.js'
import type { Told } from './told.js'

/** Which lines to read. */
export interface ReadOptions {
  /** Named log files; empty: where this host keeps its mail log. */
  readonly files?: readonly string[]
  readonly journal?: boolean
  /** Seconds since the epoch: what is older does not count. */
  readonly since?: number | undefined
  /** The Postfix instance's configuration directory, for maillog_file. */
  readonly configDir?: string
  /** Goes on with the newest log until the signal; told whenever there is no more for now. */
  readonly follow?: Follow
  /** Reads on from where the last run with it ended, and is moved on. */
  readonly cursor?: Cursor | undefined
  /** What this server's greylisters were told to say to a mail that has to come back; `%s` and `%r` as in postgrey(8). */
  readonly texts?: readonly string[]
  /** false: each line goes through the parsers, which say the same more slowly. */
  readonly fast?: boolean
  /** When and with which program a second thread helps, where it is not as always. */
  readonly scan?: ScanOptions
  /** Told while it goes on, a few times a second. */
  readonly progress?: ((done: ReadProgress) => void) | undefined
}

export interface Follow {
  readonly signal: AbortSignal
  readonly ended: (read: LogRead) => void
}

/** How far a log was read. */
export interface ReadProgress {
  readonly source: string
  readonly lines: number
  /** Bytes of this source, unpacked; and of what lies on the disk, where that is known. */
  readonly bytes: number
  readonly size: number | undefined
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
  const { follow, cursor } = options
  const all = await findSources(host, { files, journal, since, configDir })
  const found = await inOrder(cursor ? await cursor.goOn(all, files.length > 0) : all)
  const sources = follow ? withNewestFollowed(found, follow.signal, () => follow.ended(done())) : found
  const heard = typeof listener === 'function' ? { add: listener } : listener
  const meter = options.progress && new Meter(host, options.progress)
  // followed, each line is told as soon as it is there
  const ahead = follow || options.fast === false ? undefined : new ScanThread(host, since, options.scan)
  const reader = new LogReader(
    heard,
    since,
    meter && ((bytes) => meter.read(bytes, reader.lines)),
    options.fast,
    replyPattern(options.texts ?? []),
    ahead,
  )
  const problems: Problem[] = []
  function done(): LogRead {
    const { lines } = reader
    const { from, to } = reader.window
    return {
      window: { from, to, lines, sources: sources.map(({ source }) => source.name) },
      until: files.length > 0 && !follow ? to : host.now(),
      problems,
    }
  }
  try {
    for (const dated of sources) {
      meter?.start(dated.source)
      await readOrTell(reader, dated, { isOnly: sources.length === 1, files, problems })
    }
  } finally {
    await ahead?.end()
  }
  if (problems.length > 0 && problems.length === sources.length && reader.lines === 0)
    throw noneReadable(problems)
  return done()
}

/** What cannot be read to its end is a problem, and no more than that where others, or some of it, could be read. */
async function readOrTell(
  reader: LogReader,
  dated: Dated,
  about: { readonly isOnly: boolean; readonly files: readonly string[]; readonly problems: Problem[] },
): Promise<void> {
  const { name } = dated.source
  const before = reader.lines
  try {
    await reader.read(dated)
  } catch (error) {
    if (!(error instanceof GreyctlError)) throw error
    const isNothing = reader.lines === before
    if (isNothing && (about.isOnly || about.files.includes(name))) throw unreadable(error)
    about.problems.push(damaged(name, error))
  }
}

/**
 * The newest log comes last and does not end; those before it end with the signal too. Beside a mail log that goes on, the
 * system log is left out: what it repeats of lines that are yet to come cannot be told.
 */
function withNewestFollowed(
  sources: readonly Dated[],
  signal: AbortSignal,
  ended: () => void,
): readonly Dated[] {
  const newest = sources.findLast(({ source }) => !source.shadow) ?? sources.at(-1)
  const follow = newest?.source.follow
  if (newest === undefined || follow === undefined)
    throw new GreyctlError('usage', `--follow: ${newest?.source.name ?? 'nothing'} cannot be followed`, {
      hints: ['name a file with --log, or say --journal'],
    })
  const open = async function* () {
    for await (const chunk of follow(signal)) {
      if (chunk.length > 0) yield chunk
      else ended()
    }
  }
  const live = { ...newest, source: { ...newest.source, open } }
  const ending = sources
    .filter((one) => one !== newest && one.source.shadow === newest.source.shadow)
    .map((one) => ({
      ...one,
      source: { ...one.source, open: () => unlessAborted(one.source.open(), signal) },
    }))
  return [...ending, live]
}

async function* unlessAborted(chunks: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (signal.aborted) return
    yield chunk
  }
}

/** Tells how far reading is, but not more often than a person looks. */
class Meter {
  private source: LogSource | undefined
  private bytes = 0
  private told: number

  constructor(
    private readonly host: Host,
    private readonly tell: (done: ReadProgress) => void,
  ) {
    this.told = host.now()
  }

  start(source: LogSource): void {
    this.source = source
    this.bytes = 0
  }

  read(bytes: number, lines: number): void {
    this.bytes += bytes
    const now = this.host.now()
    if (this.source === undefined || now - this.told < 0.25) return
    this.told = now
    const { name, size } = this.source
    this.tell({ source: name, lines, bytes: this.bytes, size })
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
    detail: `${name}: ${[error.message, ...error.hints].join('; ')}`,
    evidence: [],
    remediation: {
      text: 'the counts lack what it holds; read it as root, or leave it out by naming the others with --log',
      commands: [],
    },
  }
}

import { GreyctlError } from '../errors.js'
import type { ByteRange, FileStat, Host } from '../host/host.js'
import { OTHER_GREYLISTERS } from './other-greylisters.js'
import { rsyslogMailLogs } from './rsyslog.js'
import { unpacked } from './unpack.js'

/** A log that can be read. */
export interface LogSource {
  /** What a person calls it: a path, or `journal`. */
  readonly name: string
  /** Seconds since the epoch when it was last written: the year of stamps without one. */
  readonly modified: number
  /**
   * The log of the whole system, which may hold what the mail log holds too: only those kinds of lines are taken from
   * it that no source before it had. (Debian writes Postfix's lines to both, and postgrey's to syslog alone.)
   */
  readonly shadow: boolean
  /** It can be opened more than once. */
  readonly again: boolean
  /**
   * Chunks are good until the next one is asked for. `into`: buffers to read into in turns (host.stream); what is made
   * of a file's bytes lies in buffers of its own.
   */
  open(into?: readonly Buffer[]): AsyncIterable<Buffer>
  /** What is in it and what is added until the signal; an empty chunk where there is no more yet. */
  readonly follow?: (signal: AbortSignal) => AsyncIterable<Buffer>
  /** What comes after this place, or all without one, for what keeps places itself; tells how far it came. */
  readonly resume?: (after: string | undefined, reached: (cursor: string) => void) => AsyncIterable<Buffer>
  /** Bytes as they lie on the disk, packed or not. */
  readonly size?: number
  /** Parts of it as they lie on the disk, one after the other. */
  readonly parts?: (...ranges: readonly ByteRange[]) => AsyncIterable<Buffer>
}

export interface SourceOptions {
  /** Named files; empty: where this host keeps its mail log. */
  readonly files: readonly string[]
  readonly journal: boolean
  /** Seconds since the epoch. Files that were last written before are left out. */
  readonly since: number | undefined
  /** Of the journal, its last lines alone, so many; all without it. */
  readonly journalLines?: number
  /** Where to look for maillog_file. */
  readonly configDir: string
}

const MAIL_LOGS = ['/var/log/mail.log', '/var/log/maillog', '/var/log/mail/mail.log', '/var/log/mail']
const SYSTEM_LOGS = ['/var/log/syslog', '/var/log/messages']
/** mail.log.1, mail.log.2.gz, maillog-20261101.xz: what logrotate makes. */
const ROTATED = /^(?:\.\d{1,4}|-\d{8}(?:-\d+)?)(?:\.(?:gz|xz|zst|bz2))?$/

/** Where to read, oldest first. Throws GreyctlError('log-unreadable') when there is nothing to read. */
export async function findSources(host: Host, options: SourceOptions): Promise<readonly LogSource[]> {
  if (options.files.length > 0 || options.journal) {
    const named = await Promise.all(options.files.map((path) => namedSource(host, path)))
    const ordered = [...named.filter(({ shadow }) => !shadow), ...named.filter(({ shadow }) => shadow)]
    return options.journal ? [...ordered, journalSource(host, options.since, options.journalLines)] : ordered
  }
  const found = await hostLogs(host, options)
  if (found.length > 0) return found
  if (host.root !== '/') throw nothingFound(`no mail log below ${host.root}`)
  return [journalSource(host, options.since, options.journalLines)]
}

/** `-`: what is piped in. It cannot be read twice, so a traditional log in it is of one year. */
function inputSource(host: Host): LogSource {
  const unpack = (argv: readonly string[]): AsyncIterable<Buffer> => {
    const [program = ''] = argv
    throw new GreyctlError('log-unreadable', `packed with ${program}, which is only unpacked from a file`, {
      where: 'standard input',
      hints: [`${program} -dc FILE | greyctl verify --log -`],
    })
  }
  return {
    name: '-',
    modified: host.now(),
    shadow: false,
    again: false,
    open: () => unpacked('-', () => host.input(), unpack),
  }
}

async function namedSource(host: Host, path: string): Promise<LogSource> {
  if (path === '-') return inputSource(host)
  const stat = await host.stat(path)
  if (stat === undefined)
    throw new GreyctlError('log-unreadable', 'no such log file', {
      where: path,
      hints: ['without --log, the mail log is looked for where this host keeps it'],
    })
  if (stat.kind === 'directory')
    throw new GreyctlError('log-unreadable', 'is a directory, not a log file', { where: path })
  const base = path.slice(path.lastIndexOf('/') + 1)
  return fileSource(host, path, stat, /^(?:syslog|messages)(?:[.-]|$)/.test(base))
}

async function hostLogs(host: Host, options: SourceOptions): Promise<readonly LogSource[]> {
  const own = await maillogFile(host, options.configDir)
  const mail: LogSource[] = []
  const paths = [...(own === undefined ? [] : [own]), ...(await rsyslogMailLogs(host)), ...MAIL_LOGS]
  for (const path of new Set(paths.filter((path) => !SYSTEM_LOGS.includes(path)))) {
    mail.push(...(await family(host, path, { ...options, shadow: false })))
    if (mail.length > 0) break
  }
  const system: LogSource[] = []
  for (const path of SYSTEM_LOGS) system.push(...(await family(host, path, { ...options, shadow: true })))
  return [...mail, ...system]
}

/** A log and its rotated predecessors, oldest first. Empty files are none. */
async function family(
  host: Host,
  path: string,
  options: { readonly shadow: boolean; readonly since: number | undefined },
): Promise<readonly LogSource[]> {
  const slash = path.lastIndexOf('/')
  const [directory, base] = [path.slice(0, slash) || '/', path.slice(slash + 1)]
  const names = (await host.list(directory)) ?? []
  const sources: { source: LogSource; generation: number }[] = []
  for (const name of names) {
    const suffix = name.slice(base.length)
    if (!name.startsWith(base) || (suffix !== '' && !ROTATED.test(suffix))) continue
    const full = `${directory === '/' ? '' : directory}/${name}`
    const stat = await host.stat(full)
    if (stat?.kind !== 'file' || stat.size === 0) continue
    if (options.since !== undefined && stat.modified < options.since) continue
    sources.push({ source: fileSource(host, full, stat, options.shadow), generation: ageOf(suffix) })
  }
  return sources
    .sort((a, b) => a.source.modified - b.source.modified || b.generation - a.generation)
    .map(({ source }) => source)
}

function ageOf(suffix: string): number {
  const number = /^\.(\d+)/.exec(suffix)
  return number ? Number(number[1]) : 0
}

function fileSource(host: Host, path: string, { modified, size }: FileStat, shadow: boolean): LogSource {
  const unpack = (argv: readonly string[]) => host.runStream(argv, { timeout: 3600 })
  return {
    name: path,
    modified,
    shadow,
    again: true,
    size,
    parts: (...ranges) => host.stream(path, { parts: ranges }),
    follow: (signal) => host.streamOn(path, signal),
    open: (into) => unpacked(path, () => host.stream(path, { into }), unpack),
  }
}

/** postconf(5) maillog_file; the last one wins. Values with parameters in them are left alone. */
async function maillogFile(host: Host, configDir: string): Promise<string | undefined> {
  const text = (await host.read(`${configDir}/main.cf`))?.toString('latin1') ?? ''
  const value = [...text.matchAll(/^maillog_file[ \t]*=[ \t]*(\/\S+)[ \t]*\r?$/gm)].at(-1)?.[1]
  return value === undefined || value.startsWith('/dev/') || value.includes('$') ? undefined : value
}

/** Greylisters, by the names that they log under. */
const GREYLISTERS = ['greyctl', 'postgrey', 'sqlgrey', ...OTHER_GREYLISTERS]

/** Facility mail, and greylisters wherever they log (journalctl(1): same field or, `+` between groups). */
const JOURNAL_MATCHES = [
  'SYSLOG_FACILITY=2',
  ...GREYLISTERS.flatMap((name) => ['+', `SYSLOG_IDENTIFIER=${name}`]),
  ...GREYLISTERS.flatMap((name) => ['+', `_SYSTEMD_UNIT=${name}.service`]),
  // says what it suppressed
  '+',
  'SYSLOG_IDENTIFIER=systemd-journald',
]

function journalSource(host: Host, since: number | undefined, lines: number | undefined): LogSource {
  const argv = [
    'journalctl',
    '-o',
    'json',
    '--no-pager',
    '--quiet',
    '--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_COMM,SYSLOG_PID,_PID',
    ...(lines === undefined ? [] : [`--lines=${lines}`]),
    ...(since === undefined ? [] : [`--since=@${Math.floor(since)}`]),
    ...JOURNAL_MATCHES,
  ]
  return {
    name: 'journal',
    modified: host.now(),
    shadow: false,
    again: false,
    follow: (signal) => followJournal(host, argv, signal),
    resume: (after, reached) => resumeJournal(host, afterCursor(argv, after), reached),
    open: () => journalBytes(host, argv),
  }
}

async function* journalBytes(
  host: Host,
  argv: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  try {
    yield* host.runStream(argv, { timeout: 3600, ...(signal ? { signal } : {}) })
  } catch (error) {
    if (signal?.aborted) return
    if (error instanceof GreyctlError && error.code === 'program-missing')
      throw nothingFound('no mail log in /var/log, and no journal (journalctl is missing)', error)
    throw error
  }
}

/** journalctl(1): the fields whose names begin with __ are always there. In a message its quotes would be escaped. */
const CURSOR = /"__CURSOR" ?: ?"([^"\\]{1,1000})"/g
/** Bytes, more than an entry's cursor takes. */
const CURSOR_ROOM = 2048

/** Tells the place of the last entry whenever it is another. */
async function* resumeJournal(
  host: Host,
  argv: readonly string[],
  reached: (cursor: string) => void,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let before = ''
  for await (const chunk of journalBytes(host, argv, signal)) {
    const text = before + chunk.toString('latin1')
    const cursor = [...text.matchAll(CURSOR)].at(-1)?.[1]
    if (cursor !== undefined) reached(cursor)
    before = text.slice(-CURSOR_ROOM)
    yield chunk
  }
}

/** A place says more than a time. */
function afterCursor(argv: readonly string[], cursor: string | undefined): readonly string[] {
  if (cursor === undefined) return argv
  return [...argv.filter((word) => !word.startsWith('--since=')), `--after-cursor=${cursor}`]
}

/** What the journal has, and what comes after the last of it. */
async function* followJournal(
  host: Host,
  argv: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let last: string | undefined
  const reached = (cursor: string) => {
    last = cursor
  }
  yield* resumeJournal(host, argv, reached, signal)
  yield Buffer.alloc(0)
  if (signal.aborted) return
  const onwards = [...afterCursor(argv, last), '--follow', '--no-tail']
  for await (const chunk of journalBytes(host, onwards, signal)) {
    yield chunk
    yield Buffer.alloc(0)
  }
}

function nothingFound(message: string, cause?: unknown): GreyctlError {
  return new GreyctlError('log-unreadable', message, {
    cause,
    hints: [
      'name the log with --log FILE',
      'on a server that logs nowhere, install rsyslog or set maillog_file (postconf(5)), and let mail arrive',
    ],
  })
}

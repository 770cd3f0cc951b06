import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { GreyctlError } from '../errors.js'
import { jsonMessage } from '../greylist/json-line.js'
import { LmdbThread } from '../store/lmdb-thread.js'
import { CHILD_MARK, reportStart, startInBackground } from './background.js'
import { collectAlone } from './collector.js'
import { type Daemon, startDaemon } from './daemon.js'
import { HELP } from './help.js'
import { readLists } from './lists.js'
import { watchLiveness } from './liveness.js'
import { createLog, type Log, stderrSink, syslogSink } from './log.js'
import { notify } from './notify.js'
import { type DaemonOptions, parseOptions } from './options.js'
import { complainOfReach, keptAway, peersOf } from './reach.js'

const UNIT = 'greyctl.service'

/**
 * What systemd and the init script start: `node dist/daemon/main.js [options]`. Resolves with the exit code when the
 * daemon has ended (or is in the background): 0, 1 it could not start, 2 usage or a whitelist that --check complains of.
 */
export async function runDaemon(argv: readonly string[]): Promise<number> {
  const inherited = inheritedSockets(process.env, process.pid)
  const read = () => parseOptions(argv, { inherited })
  let options: DaemonOptions
  try {
    options = read()
  } catch (error) {
    complain(describe(error))
    return error instanceof GreyctlError ? error.exitCode : 1
  }
  if (options.help) return print(HELP)
  if (options.version) return print(`greyctl ${version()}\n`)
  if (options.check) return check(options)
  const child = process.env[CHILD_MARK] !== undefined
  if (options.daemonize && !child) {
    return startInBackground(programPath(), argv, options.pidfile, (text) => print(`${text}\n`), complain)
  }
  return serve(options, read)
}

async function serve(options: DaemonOptions, reread: () => DaemonOptions): Promise<number> {
  collectAlone()
  const sink = options.daemonize ? syslogSink(options.facility) : stderrSink()
  const format = options.logFormat === 'json' ? (text: string) => jsonMessage(text, Date.now()) : undefined
  const log = createLog(sink, format)
  // the parent, or whoever reads standard error, may be gone; that is no reason to stop
  process.stderr.on('error', () => {})
  process.stdout.on('error', () => {})
  const signals = watchSignals()
  const liveness = watchLiveness(log, options.daemonize ? options.facility : undefined)
  let daemon: Daemon
  try {
    const thread = (warn: (message: string) => void) => new LmdbThread(warn)
    daemon = await startDaemon(options, { log, version: version(), reread, thread })
  } catch (error) {
    await log.flush(1000)
    if (options.daemonize) await reportStart({ error: describe(error) })
    else complain(describe(error))
    return 1
  }
  surviveBugs(log)
  for (const line of [...options.notes, ...daemon.listening]) log.line(line)
  if (options.verbose) log.line(`process ${process.pid}, Node ${process.version}`)
  liveness.begin()
  await reportStart({ listening: daemon.listening })
  const summary = daemon.summary()
  const first = summary.startsWith('not greylisting') ? summary : daemon.listening.join(', ')
  await notify(['--ready', `--status=${first}`])
  const reporting = reportStatus(() => daemon.summary())
  signals.onReload(() => {
    daemon.reload()
    reporting.now()
  })
  await signals.ended
  liveness.stop()
  reporting.end()
  await daemon.stop()
  log.line('Server closing!')
  await log.flush(1000)
  sink.close?.()
  return 0
}

/** Milliseconds between two words to systemd. */
const STATUS_EVERY = 60_000

/** The first line of `systemctl status`; nothing where nobody asked for it. */
function reportStatus(summary: () => string): { now(): void; end(): void } {
  if (!process.env.NOTIFY_SOCKET) return { now() {}, end() {} }
  let said = ''
  const now = () => {
    const status = summary()
    if (status !== said) void notify([`--status=${status}`])
    said = status
  }
  const timer = setInterval(now, STATUS_EVERY).unref()
  return { now, end: () => clearInterval(timer) }
}

interface Signals {
  readonly ended: Promise<void>
  onReload(reload: () => void): void
}

/** Before anything else: a signal during the start is obeyed after it. */
function watchSignals(): Signals {
  let reload = () => {}
  process.on('SIGHUP', () => reload())
  const ended = new Promise<void>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) process.on(name, () => resolve())
  })
  return {
    ended,
    onReload(next) {
      reload = next
    },
  }
}

/** A bug in one connection must not end the service of all. */
function surviveBugs(log: Log): void {
  const report = (error: unknown) =>
    log.rarely('bug', `warning: internal error: ${error instanceof Error ? oneLine(error) : String(error)}`)
  process.on('uncaughtException', report)
  process.on('unhandledRejection', report)
}

function oneLine(error: Error): string {
  return (error.stack ?? error.message).replace(/\s*\n\s*/g, ' | ')
}

function check(options: DaemonOptions): number {
  const { warnings, unread } = readLists(options.clientFiles, options.recipientFiles)
  const cut = cutOff(options)
  for (const warning of [...options.notes, ...unread, ...warnings, ...cut]) complain(warning)
  if (warnings.length + unread.length + cut.length > 0) return 2
  const file = options.file === undefined ? '' : `, ${options.file.path}`
  return print(`options${file} and whitelists are fine\n`)
}

/** The service's unit lets it talk to this machine alone; who needs more has to say so there, too. */
function cutOff(options: DaemonOptions): readonly string[] {
  const peers = peersOf(options)
  if (peers.length === 0 || !existsSync('/run/systemd/system')) return []
  const { stdout } = spawnSync('systemctl', ['show', '-p', 'IPAddressDeny', '-p', 'IPAddressAllow', UNIT], {
    encoding: 'utf8',
    timeout: 5000,
  })
  const away = keptAway(peers, stdout ?? '')
  return away.length === 0 ? [] : [complainOfReach(away, UNIT)]
}

/** sd_listen_fds(3): descriptors from 3 on, if they are meant for this process. Children must not take them for theirs. */
export function inheritedSockets(environment: NodeJS.ProcessEnv, pid: number): number[] {
  const count = Number(environment.LISTEN_FDS ?? 0)
  const ours = environment.LISTEN_PID === String(pid)
  delete environment.LISTEN_PID
  delete environment.LISTEN_FDS
  delete environment.LISTEN_FDNAMES
  if (!ours || !Number.isInteger(count) || count < 1) return []
  return Array.from({ length: count }, (_, index) => index + 3)
}

function version(): string {
  try {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    return String((JSON.parse(text) as { version?: unknown }).version ?? '0')
  } catch {
    return '0'
  }
}

function describe(error: unknown): string {
  if (!(error instanceof GreyctlError)) return error instanceof Error ? error.message : String(error)
  const where = error.where === undefined ? '' : `${error.where}: `
  return [`${where}${error.message}`, ...error.hints.map((hint) => `  ${hint}`)].join('\n')
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

function complain(text: string): void {
  process.stderr.write(`greyctl: ${text}\n`)
}

/** Started as a program, through a link or not; imported, it does nothing. */
function isMain(): boolean {
  const program = process.argv[1]
  if (program === undefined) return false
  try {
    return realpathSync(program) === realpathSync(fileURLToPath(import.meta.url))
  } catch {
    return false
  }
}

/** As it was started, where it was: the init script recognises the process by this path. */
function programPath(): string {
  return (isMain() ? process.argv[1] : undefined) ?? fileURLToPath(import.meta.url)
}

if (isMain()) {
  runDaemon(process.argv.slice(2)).then((code) => process.exit(code))
}

import { unlinkSync, writeFileSync } from 'node:fs'
import { jsonLines } from '../greylist/json-line.js'
import { TEXT_LINES } from '../greylist/logline.js'
import type { Policy } from '../greylist/policy.js'
import { lifetime } from '../store/lifetime.js'
import type { LmdbThread } from '../store/lmdb-thread.js'
import { ReopeningStore } from '../store/reopening.js'
import { directoriesOf } from '../store/spec.js'
import type { Store } from '../store/store.js'
import { type CleaningTimes, startCleaning } from './cleaning.js'
import { watchClock } from './clock.js'
import { Gate } from './gate.js'
import type { Log } from './log.js'
import { Metrics } from './metrics.js'
import type { MetricsServer, MetricsSource } from './metrics-server.js'
import { type DaemonOptions, needsRestart } from './options.js'
import { becomeUser, findIdentity, prepareDirectory } from './privileges.js'
import { type Rules, readRules } from './rules.js'
import { PolicyServer } from './server.js'

export interface Daemon {
  /** `listening on …`, a line for each address. */
  readonly listening: readonly string[]
  /** Reads configuration and lists again: all of it holds, or what held before. */
  reload(): void
  /** What it has done so far, in one line, after what keeps it from greylisting. */
  summary(): string
  /** Answers what was received, closes everything. */
  stop(): Promise<void>
}

export interface DaemonParts {
  readonly log: Log
  readonly version: string
  /** Milliseconds since the epoch. */
  readonly clock?: () => number
  /** Options and configuration as they are now, for a reload. Throws GreyctlError('usage'). */
  readonly reread?: () => DaemonOptions
  /** Starts a thread that writes the store; without one the event loop does. */
  readonly thread?: (warn: (message: string) => void) => LmdbThread
  /** Instead of the store that the options name. */
  readonly store?: Store
  readonly cleaning?: CleaningTimes
}

/**
 * Bind, load the rest, write the pid file, drop privileges, open the store, answer: in this order, since the first two need root and
 * the store must belong to the daemon's user. Connections that come meanwhile wait.
 */
export async function startDaemon(options: DaemonOptions, parts: DaemonParts): Promise<Daemon> {
  const { log } = parts
  const clock = parts.clock ?? Date.now
  const identity = findIdentity(options.user, options.group)
  const first = readRules(options, parts.version)
  for (const warning of [...first.unread, ...first.warnings]) log.line(`warning: ${warning}`)
  let { rules } = first
  const metrics = new Metrics()
  const gate = new Gate(() => rules.mayAsk)
  const server = new PolicyServer(log, {
    metrics,
    gate,
    backlog: options.backlog,
    closeAfterAnswer: options.exim,
    verbose: options.verbose,
    identity,
  })
  const listening: string[] = []
  for (const endpoint of options.endpoints) listening.push(...(await server.listen(endpoint)))
  const { Correspondents, createPools, Engine, openPatiently, serveControl } = await import('./answering.js')
  const warn = (message: string) => log.line(`warning: ${message}`)
  const thread = options.store.kind === 'lmdb' ? parts.thread?.(warn) : undefined
  const pools = options.identity === 'pool' ? createPools(options.resolver, clock, log) : undefined
  let opened: Store | undefined
  const metricsServer = await startMetrics(options, {
    metrics,
    version: parts.version,
    connections: () => server.connections,
    fingerprint: () => rules.fingerprint(),
    store: () => opened,
  })
  if (metricsServer) listening.push(metricsServer.url)
  if (options.pidfile !== undefined) writeFileSync(options.pidfile, `${process.pid}\n`, { mode: 0o644 })
  if (identity) {
    // it reads the program
    await thread?.begun
    for (const directory of directoriesOf(options.store)) prepareDirectory(directory, identity)
    becomeUser(identity)
  }
  process.umask(0o077)
  const { testClock } = options
  let policy: Policy = rules.policy
  const memory = await openPatiently(options, {
    warn,
    // a simulated time has nothing to do with the server's
    lifetime: (key, record) =>
      lifetime(key, record, policy, testClock ? record.last : Math.floor(clock() / 1000)),
    thread,
    given: parts.store,
  })
  const { store } = memory
  opened = store
  policy = { ...rules.policy, seal: memory.seal() }
  const engine = new Engine({
    store,
    policy: () => policy,
    pools,
    texts: () => rules.texts,
    log,
    lines: options.logFormat === 'json' ? jsonLines(clock) : TEXT_LINES,
    metrics,
    quiet: () => rules.quiet,
    testClock,
    clock,
    written: (request, outbound) => correspondents.learn(request, outbound),
  })
  const correspondents = new Correspondents({ engine, policy: () => policy, clock, log, metrics, pools })
  let control: Promise<() => void> | undefined
  const begun = memory.opened.then(() => {
    policy = { ...policy, seal: memory.seal() }
    const [directory] = directoriesOf(options.store)
    if (directory === undefined || parts.store !== undefined) return
    const configuration = () => ({ ...metrics.configuration(), fingerprint: rules.fingerprint() })
    control = serveControl(directory, { store, engine, policy: () => policy, configuration, clock, log })
  })
  // who is told that the daemon is ready may ask at once
  if (!(store instanceof ReopeningStore)) await begun.then(() => control)
  server.start(engine)
  // records of a simulated time would all look expired, or none
  const stopCleaning = testClock ? () => {} : startCleaning(store, () => policy, clock, log, parts.cleaning)
  const stopWatch = watchClock(clock, log)
  return {
    listening: listening.map((name) => `listening on ${name}`),
    reload() {
      const next = reloaded(options, parts)
      metrics.reloaded(next !== undefined, Date.now() / 1000)
      if (next === undefined) return
      rules = next
      policy = { ...next.policy, seal: memory.seal() }
      server.dismiss()
    },
    summary() {
      const why = store instanceof ReopeningStore ? store.trouble : undefined
      const alone = store.alone ? '; the shared store cannot be used' : ''
      const old = metrics.isUpToDate ? '' : `; ${OLD_RULES}`
      const counts = metrics.summary(server.connections) + alone + old
      return why === undefined ? counts : `not greylisting: ${why}; ${counts}`
    },
    async stop() {
      stopCleaning()
      stopWatch()
      metricsServer?.close()
      await server.drain()
      ;(await control)?.()
      await store.close()
      await thread?.end()
      if (options.pidfile !== undefined) removeQuietly(options.pidfile)
    },
  }
}

/** In `systemctl status`, until a reload succeeds. */
const OLD_RULES = 'the last reload failed, the rules from before it are in force'

/** Loaded only where somebody wants it: node:http costs 15 ms of the start. */
async function startMetrics(
  { metrics: listen }: DaemonOptions,
  source: MetricsSource,
): Promise<MetricsServer | undefined> {
  if (listen === undefined) return undefined
  const { serveMetrics } = await import('./metrics-server.js')
  return serveMetrics(listen, source)
}

/** undefined: something is wrong with it, and has been said. */
function reloaded(current: DaemonOptions, { log, version, reread }: DaemonParts): Rules | undefined {
  log.line('HUP received: reloading whitelists...')
  let options: DaemonOptions
  try {
    options = reread?.() ?? current
  } catch (error) {
    for (const line of (error as Error).message.split('\n')) log.line(`warning: ${line}`)
    log.line('warning: configuration and whitelists stay as they were')
    return undefined
  }
  const { rules, warnings, unread } = readRules(options, version)
  for (const warning of [...unread, ...warnings, ...needsRestart(current, options)]) {
    log.line(`warning: ${warning}`)
  }
  if (unread.length === 0) return rules
  log.line('warning: configuration and whitelists stay as they were')
  return undefined
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // /run belongs to root: the init script removes what we may not
  }
}

import { unlinkSync, writeFileSync } from 'node:fs'
import type { GreyctlError } from '../errors.js'
import type { Policy } from '../greylist/policy.js'
import { openStore } from '../store/open.js'
import { ReopeningStore } from '../store/reopening.js'
import type { Store } from '../store/store.js'
import { type CleaningTimes, startCleaning } from './cleaning.js'
import { watchClock } from './clock.js'
import { Engine } from './engine.js'
import { readLists } from './lists.js'
import type { Log } from './log.js'
import { Metrics } from './metrics.js'
import type { MetricsServer, MetricsSource } from './metrics-server.js'
import type { DaemonOptions } from './options.js'
import { createPools } from './pools.js'
import { becomeUser, findIdentity, prepareDirectory } from './privileges.js'
import { PolicyServer } from './server.js'

export interface Daemon {
  /** `listening on …`, a line for each address. */
  readonly listening: readonly string[]
  /** Reads the whitelists again. */
  reload(): void
  /** What it has done so far, in one line. */
  summary(): string
  /** Answers what was received, closes everything. */
  stop(): Promise<void>
}

export interface DaemonParts {
  readonly log: Log
  readonly version: string
  /** Milliseconds since the epoch. */
  readonly clock?: () => number
  /** Instead of the store that the options name. */
  readonly store?: Store
  readonly cleaning?: CleaningTimes
}

/**
 * Bind, write the pid file, drop privileges, open the store, answer: in this order, since the first two need root and
 * the store must belong to the daemon's user. Connections that come meanwhile wait.
 */
export async function startDaemon(options: DaemonOptions, parts: DaemonParts): Promise<Daemon> {
  const { log } = parts
  const clock = parts.clock ?? Date.now
  const identity = findIdentity(options.user, options.group)
  let lists = readLists(options.clientFiles, options.recipientFiles)
  for (const warning of [...lists.unread, ...lists.warnings]) log.line(`warning: ${warning}`)
  const pools = options.identity === 'pool' ? createPools(options.resolver, clock) : undefined
  const metrics = new Metrics()
  const server = new PolicyServer(log, metrics)
  const listening: string[] = []
  for (const endpoint of options.endpoints) listening.push(...(await server.listen(endpoint)))
  let store: Store | undefined
  const metricsServer = await startMetrics(options, {
    metrics,
    version: parts.version,
    connections: () => server.connections,
    store: () => store,
  })
  if (metricsServer) listening.push(metricsServer.url)
  if (options.pidfile !== undefined) writeFileSync(options.pidfile, `${process.pid}\n`, { mode: 0o644 })
  if (identity) {
    if (options.store.kind === 'lmdb') prepareDirectory(options.store.directory, identity)
    becomeUser(identity)
  }
  process.umask(0o077)
  store = parts.store ?? openPatiently(options, (message) => log.line(`warning: ${message}`))
  const policy = (): Policy => ({ ...options.policy, clients: lists.clients, recipients: lists.recipients })
  const { action, text, header, hostname, quiet, testClock } = options
  const texts = { action, text, header, hostname, version: parts.version }
  server.start(new Engine({ store, policy, pools, texts, log, metrics, quiet, testClock, clock }))
  // records of a simulated time would all look expired, or none
  const stopCleaning = testClock ? () => {} : startCleaning(store, policy, clock, log, parts.cleaning)
  const stopWatch = watchClock(clock, log)
  return {
    listening: listening.map((name) => `listening on ${name}`),
    reload() {
      log.line('HUP received: reloading whitelists...')
      const next = readLists(options.clientFiles, options.recipientFiles)
      for (const warning of [...next.unread, ...next.warnings]) log.line(`warning: ${warning}`)
      const ok = next.unread.length === 0
      metrics.reloads[ok ? 'ok' : 'failed'] += 1
      if (ok) lists = next
      else log.line('warning: the whitelists stay as they were')
    },
    summary: () => metrics.summary(server.connections),
    async stop() {
      stopCleaning()
      stopWatch()
      metricsServer?.close()
      await server.drain()
      await store?.close()
      if (options.pidfile !== undefined) removeQuietly(options.pidfile)
    },
  }
}

/** Mail goes on without a store, and is greylisted when there is one. */
function openPatiently(options: DaemonOptions, warn: (message: string) => void): Store {
  const { durability } = options
  try {
    return openStore(options.store, { durability, warn })
  } catch (error) {
    const { message, where } = error as GreyctlError
    warn(`${message} (${where}): nobody is greylisted until it can`)
    return new ReopeningStore(
      () => openStore(options.store, { durability, warn, patience: 0 }),
      error as Error,
      warn,
    )
  }
}

/** Loaded only where somebody wants it: node:http costs 15 ms of the start. */
async function startMetrics(
  { metrics: listen }: DaemonOptions,
  source: MetricsSource,
): Promise<MetricsServer | undefined> {
  if (listen === undefined) return undefined
  const { serveMetrics } = await import('./metrics-server.js')
  return serveMetrics(listen, source)
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // /run belongs to root: the init script removes what we may not
  }
}

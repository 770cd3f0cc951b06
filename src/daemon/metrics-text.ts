import type { SharedStats, StoreStats } from '../store/store.js'
import type { Histogram, Metrics } from './metrics.js'

/** What is asked for at the moment it is wanted. */
export interface Gauges {
  readonly version: string
  readonly connections: number
  /** Of the rules in force. */
  readonly fingerprint: string
  /** undefined: the store cannot say. */
  readonly store: Pick<StoreStats, 'entries' | 'bytes' | 'shared'> | undefined
  /** Seconds, since it was asked the last time. */
  readonly eventLoopDelay: { readonly median: number; readonly p99: number; readonly max: number }
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** Epoch seconds. */
  readonly startTime: number
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [suffix: string, labels: Labels, value: number]

/** The text format of Prometheus, version 0.0.4 (prometheus.io, "Exposition formats"). */
export function metricsText(metrics: Metrics, gauges: Gauges): string {
  const { decisions, answerSeconds, waitSeconds, refused, reloads } = metrics
  const families = [
    family('greyctl_info', 'gauge', 'The program.', [
      ['', { version: gauges.version, node: process.version }, 1],
    ]),
    family('greyctl_requests_total', 'counter', 'Requests decided, by what was answered and why.', [
      ...Object.entries(decisions).flatMap(([action, counts]) =>
        [...counts].map(([reason, count]): Sample => ['', { action, reason }, count]),
      ),
    ]),
    family('greyctl_fail_open_total', 'counter', 'Requests answered DUNNO because something failed.', [
      ['', {}, metrics.failedOpen],
    ]),
    family(
      'greyctl_request_duration_seconds',
      'histogram',
      'From the last byte of a request to its answer.',
      histogram(answerSeconds),
    ),
    family(
      'greyctl_wait_seconds',
      'histogram',
      'How long mails that were deferred had waited when they passed.',
      histogram(waitSeconds),
    ),
    family('greyctl_whitelisted_clients_total', 'counter', 'Clients that earned the automatic whitelist.', [
      ['', {}, metrics.whitelistedClients],
    ]),
    family('greyctl_correspondents_total', 'counter', 'Learned from outbound mail.', [
      ['', {}, metrics.correspondents],
    ]),
    family('greyctl_connections', 'gauge', 'Connections that are open.', [['', {}, gauges.connections]]),
    family('greyctl_connections_total', 'counter', 'Connections taken.', [['', {}, metrics.connections]]),
    family(
      'greyctl_connections_refused_total',
      'counter',
      'Connections not taken.',
      Object.entries(refused).map(([cause, count]): Sample => ['', { cause }, count]),
    ),
    family(
      'greyctl_reloads_total',
      'counter',
      'Reloads (SIGHUP); after one that failed, the old configuration is in force.',
      Object.entries(reloads).map(([result, count]): Sample => ['', { result }, count]),
    ),
    family('greyctl_config_info', 'gauge', 'The rules in force: the same hash, the same rules.', [
      ['', { hash: gauges.fingerprint }, 1],
    ]),
    family(
      'greyctl_config_last_reload_successful',
      'gauge',
      'Whether the last reload, or the start, took what the files say.',
      [['', {}, metrics.isUpToDate ? 1 : 0]],
    ),
    family(
      'greyctl_config_last_reload_success_timestamp_seconds',
      'gauge',
      'When the configuration in force was read, epoch seconds.',
      [['', {}, metrics.configuredAt]],
    ),
    ...storeFamilies(gauges.store),
    family(
      'greyctl_event_loop_delay_seconds',
      'gauge',
      'How late the event loop was, since the last scrape.',
      Object.entries(gauges.eventLoopDelay).map(([statistic, value]): Sample => ['', { statistic }, value]),
    ),
    family('process_cpu_seconds_total', 'counter', 'Processor time, user and system.', [
      ['', {}, gauges.cpuSeconds],
    ]),
    family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [['', {}, gauges.residentBytes]]),
    family('process_start_time_seconds', 'gauge', 'When it was started, epoch seconds.', [
      ['', {}, gauges.startTime],
    ]),
  ]
  return families.join('')
}

function storeFamilies(store: Gauges['store']): readonly string[] {
  const samples = (value: number | undefined): readonly Sample[] =>
    value === undefined ? [] : [['', {}, value]]
  return [
    family('greyctl_store_up', 'gauge', 'Whether the store answers.', [
      ['', {}, store === undefined ? 0 : 1],
    ]),
    family('greyctl_store_entries', 'gauge', 'Triplets and clients in the store.', samples(store?.entries)),
    family('greyctl_store_bytes', 'gauge', 'Size of the store.', samples(store?.bytes)),
    ...(store?.shared === undefined ? [] : sharedFamilies(store.shared)),
  ]
}

/** Of a store that several daemons share. */
function sharedFamilies({ up, failures, localReads, waiting, merged }: SharedStats): readonly string[] {
  return [
    family('greyctl_shared_store_up', 'gauge', 'Whether the shared store is used; else this host is alone.', [
      ['', {}, up ? 1 : 0],
    ]),
    family('greyctl_shared_store_failures_total', 'counter', 'Times that it could not be used any more.', [
      ['', {}, failures],
    ]),
    family('greyctl_shared_store_local_reads_total', 'counter', 'Records looked up on this host instead.', [
      ['', {}, localReads],
    ]),
    family('greyctl_shared_store_waiting_entries', 'gauge', 'Records that wait here to be merged into it.', [
      ['', {}, waiting],
    ]),
    family('greyctl_shared_store_merged_total', 'counter', 'Records of this host merged into it.', [
      ['', {}, merged],
    ]),
  ]
}

function histogram({ bounds, counts, sum }: Histogram): readonly Sample[] {
  let count = 0
  const buckets = counts.map((own, at): Sample => {
    count += own
    return ['_bucket', { le: String(bounds[at] ?? '+Inf') }, count]
  })
  return [...buckets, ['_sum', {}, sum], ['_count', {}, count]]
}

function family(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([suffix, labels, value]) => `${name}${suffix}${labelText(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))
}

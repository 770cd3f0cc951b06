import type { ChalkInstance } from 'chalk'
import type { Configuration } from '../store/control.js'
import type { StoreGlance, StoreSummary } from '../store/query.js'
import { duration } from './duration.js'
import { escapeText } from './escape.js'
import { quantity } from './quantity.js'
import { size, summaryDocument } from './store.js'

/** What happened lately, by the mail log. */
export interface RecentView {
  readonly seconds: number
  readonly deferred: number
  readonly passed: number
  /** Times that a greylister gave up, or Postfix could not ask it. */
  readonly failedOpen: number
  readonly last: readonly {
    /** Epoch seconds; undefined where the log does not say. */
    readonly at: number | undefined
    readonly action: 'deferred' | 'passed'
    readonly reason: string
    readonly client: string
    readonly sender: string
    readonly recipient: string
  }[]
}

interface PostfixView {
  readonly running: boolean
  readonly configDir: string
  /** Where main.cf has the greylister asked. */
  readonly asks: readonly { readonly list: string; readonly line: number; readonly endpoint: string }[]
}

export interface StatusView {
  /** null: greyctl installed nothing here. */
  readonly backend: string | null
  readonly selective: boolean
  readonly learn: boolean
  readonly delay: number | null
  readonly service: { readonly running: boolean; readonly enabled: boolean; readonly text: string }
  readonly endpoint: {
    readonly address: string
    readonly outcome: 'answered' | 'closed' | 'silent' | 'no-connection'
    readonly milliseconds: number
  } | null
  readonly postfix: PostfixView
  /** Further instances of Postfix that greylisting is installed in. */
  readonly others: readonly PostfixView[]
  /** By which rules the daemon decides. undefined: not the bundled daemon, it does not run, or may not be asked. */
  readonly configuration: Configuration | undefined
  /** undefined: not the bundled daemon, or it cannot be read. */
  readonly store: StoreSummary | StoreGlance | undefined
  /** undefined: there is no log that can be read. */
  readonly recent: RecentView | undefined
}

export function statusDocument(status: StatusView): unknown {
  const { store, recent, configuration } = status
  const last = recent?.last.map((one) => ({ ...one, at: one.at === undefined ? null : iso(one.at) }))
  return {
    ...status,
    configuration: configuration ? { ...configuration, readAt: iso(configuration.readAt) } : null,
    store: storeDocument(store),
    recent: recent ? { ...recent, perMinute: rate(recent), last } : null,
  }
}

function storeDocument(store: StatusView['store']): unknown {
  if (store === undefined) return null
  if ('states' in store) return summaryDocument(store)
  const { spec, entries, bytes, trouble } = store
  return { store: spec, entries, bytes, trouble: trouble ?? null }
}

/** One screen; every line says what, and then how it is. */
export function renderStatus(status: StatusView, now: number, style: ChalkInstance): string {
  const good = (ok: boolean) => (ok ? style.green('✓') : style.red('✗'))
  const { service, endpoint, postfix, others } = status
  const instance = (one: PostfixView) => (others.length > 0 ? `${escapeText(one.configDir)}: ` : '')
  const lines = [
    [good(status.backend !== null), 'backend', backendText(status)],
    [good(service.running), 'service', serviceText(service)],
    [good(endpoint?.outcome === 'answered'), 'endpoint', endpointText(endpoint)],
    ...[postfix, ...others].map((one) => [
      good(one.asks.length > 0),
      'postfix',
      `${instance(one)}${postfixText(one)}`,
    ]),
    ...rulesLines(status.configuration, now, style),
    [storeMark(status.store, style), 'store', storeText(status.store, now)],
    [' ', 'last hour', recentText(status.recent)],
  ]
  const rows = lines.map(([mark, name = '', text]) => `${mark} ${style.bold(name.padEnd(10))} ${text}`)
  const last = (status.recent?.last ?? []).map(
    ({ at, action, reason, client, sender, recipient }) =>
      `  ${style.dim(at === undefined ? '' : iso(at).slice(11, 19))} ${action} (${escapeText(reason)}) ${escapeText(`${client} ${sender || '<>'} -> ${recipient}`)}`,
  )
  return [...rows, ...(last.length > 0 ? ['', ...last] : [])].join('\n')
}

function backendText({ backend, selective, learn, delay }: StatusView): string {
  if (backend === null) return 'none: greyctl has installed nothing here (greyctl install)'
  const how = [selective ? 'selective' : 'all clients', `${delay} s`, ...(learn ? ['learning only'] : [])]
  return `${backend} (${how.join(', ')})`
}

function serviceText({ running, enabled, text }: StatusView['service']): string {
  const state = `${running ? 'running' : 'not running'}, ${enabled ? 'starts at boot' : 'does not start at boot'}`
  return text === '' ? state : `${state}; ${escapeText(text)}`
}

function rulesLines(
  configuration: StatusView['configuration'],
  now: number,
  style: ChalkInstance,
): readonly string[][] {
  if (configuration === undefined) return []
  const { fingerprint, readAt, upToDate } = configuration
  const rules = `${escapeText(fingerprint)}, read ${duration(Math.max(0, now - readAt))} ago`
  if (upToDate) return [[' ', 'rules', rules]]
  return [[style.yellow('!'), 'rules', `${rules}; the last reload failed: greyctl daemon --check says why`]]
}

function endpointText(endpoint: StatusView['endpoint']): string {
  if (endpoint === null) return 'not asked'
  const { address, outcome, milliseconds } = endpoint
  const words = {
    answered: `answers, after ${milliseconds} ms`,
    closed: 'closes the connection without an answer',
    silent: 'takes the connection, and does not answer',
    'no-connection': 'nobody listens there',
  }
  return `${escapeText(address)} ${words[outcome]}`
}

function postfixText({ running, configDir, asks }: PostfixView): string {
  const state = running ? 'running' : 'not running'
  if (asks.length === 0) return `${state}; nothing in ${escapeText(configDir)}/main.cf asks a greylister`
  const places = asks.map(({ list, line, endpoint }) => `${list} asks ${endpoint} (main.cf:${line})`)
  return `${state}; ${escapeText(places.join(', '))}`
}

function storeMark(store: StatusView['store'], style: ChalkInstance): string {
  if (store === undefined) return style.dim('-')
  return 'trouble' in store && store.trouble !== undefined ? style.red('✗') : ' '
}

function storeText(store: StatusView['store'], now: number): string {
  if (store === undefined) return 'cannot be read (without root), or is not the daemon’s'
  if (!('states' in store)) {
    const { spec, trouble } = store
    const state = trouble ?? `${quantity(store.entries, 'record')}, ${size(store.bytes)}`
    return escapeText(`${spec}: ${state}`)
  }
  const { entries, bytes, triplets, clients, oldest } = store
  const age = oldest === undefined ? '' : `, oldest ${duration(Math.max(0, now - oldest))}`
  return `${quantity(entries, 'record')} (${quantity(triplets, 'triplet')}, ${quantity(clients, 'client')}), ${size(bytes)}${age}`
}

function recentText(recent: RecentView | undefined): string {
  if (recent === undefined) return 'no mail log that can be read'
  const { deferred, passed, failedOpen } = recent
  return `${deferred} deferred, ${passed} passed, ${failedOpen} failed open; ${rate(recent)} a minute`
}

function rate({ deferred, passed, seconds }: RecentView): number {
  return Math.round(((deferred + passed) / seconds) * 600) / 10
}

function iso(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

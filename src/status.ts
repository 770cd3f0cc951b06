import type { Host } from './host/host.js'
import { readLog } from './maillog/read.js'
import type { Told } from './maillog/told.js'
import { parseMainCfBytes } from './postfix/main-cf.js'
import { findPolicyServices } from './postfix/policy-services.js'
import { gatherFacts, type ServerFacts } from './setup/facts.js'
import { PARAMETER } from './setup/names.js'
import { glance, type Query, type StoreGlance, type StoreSummary } from './store/query.js'

/** How far back the log is looked at (seconds), and how many decisions are shown. */
const WINDOW = 3600
const SHOWN = 5
/** Seconds; Postfix waits for ten. */
const PATIENCE = 3

export interface Decision {
  /** Epoch seconds; undefined where the log does not say. */
  readonly at: number | undefined
  readonly action: 'deferred' | 'passed'
  readonly reason: string
  readonly client: string
  readonly sender: string
  readonly recipient: string
}

/** What happened lately, by the mail log; undefined where there is none that can be read. */
export interface Recent {
  readonly seconds: number
  readonly deferred: number
  readonly passed: number
  /** Times that a greylister gave up, or Postfix could not ask it. */
  readonly failedOpen: number
  readonly last: readonly Decision[]
}

export interface Status {
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
  readonly postfix: {
    readonly running: boolean
    readonly configDir: string
    /** Where main.cf has the greylister asked. */
    readonly asks: readonly { readonly list: string; readonly line: number; readonly endpoint: string }[]
  }
  /** undefined: not the bundled daemon, or it cannot be read. */
  readonly store: StoreSummary | StoreGlance | undefined
  readonly recent: Recent | undefined
}

/** Looks, and changes nothing. What cannot be seen is left out, never guessed. */
export async function gatherStatus(
  host: Host,
  options: { readonly configDir: string | undefined; readonly query: () => Promise<Query> },
): Promise<Status> {
  const facts = await gatherFacts(host, { configDir: options.configDir, needsPostfix: false })
  const { installed } = facts
  const bundled = installed?.backend === 'bundled'
  return {
    backend: installed?.backend ?? null,
    selective: installed?.selective ?? false,
    learn: installed?.learn ?? false,
    delay: installed?.delay ?? null,
    service: await service(host, facts),
    endpoint: installed && facts.live ? await ask(host, installed.listen) : null,
    postfix: wiring(facts),
    store: bundled ? await orUndefined(async () => glance(await options.query())) : undefined,
    recent: await orUndefined(() => recent(host, facts.configDir)),
  }
}

/** greylisting is in and answers. */
export function isWell({ backend, service, endpoint, postfix }: Status): boolean {
  return backend !== null && service.running && endpoint?.outcome === 'answered' && postfix.asks.length > 0
}

async function service(host: Host, facts: ServerFacts): Promise<Status['service']> {
  const state = facts.installed?.backend === 'postgrey' ? facts.postgrey.service : facts.service
  const unit = facts.installed?.backend === 'postgrey' ? 'postgrey.service' : 'greyctl.service'
  const { running, enabled } = state
  if (!facts.live || facts.init !== 'systemd') return { running, enabled, text: '' }
  const { stdout } = await host.run(['systemctl', 'show', '--property=StatusText', '--value', unit])
  return { running, enabled, text: stdout.trim() }
}

/** A request that no record is made of: an authenticated user is never greylisted. */
async function ask(host: Host, address: string): Promise<Status['endpoint']> {
  const request =
    'request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.1\nclient_name=greyctl-probe.example\n' +
    'sender=greyctl-probe@localhost\nrecipient=postmaster@localhost\nsasl_username=greyctl-probe\n\n'
  const { outcome, seconds } = await host.exchange(address, request, { until: '\n\n', timeout: PATIENCE })
  return { address, outcome, milliseconds: Math.round(seconds * 1000) }
}

function wiring({ mainCf, mainCfPath, configDir, postfixRunning }: ServerFacts): Status['postfix'] {
  const services =
    mainCf === undefined ? [] : findPolicyServices(parseMainCfBytes(mainCf, mainCfPath), PARAMETER)
  const asks = services
    .filter(({ greylister }) => greylister !== undefined)
    .map(({ list, line, endpoint }) => ({ list, line, endpoint }))
  return { running: postfixRunning, configDir, asks }
}

async function recent(host: Host, configDir: string): Promise<Recent> {
  const since = Math.floor(host.now()) - WINDOW
  const totals = { deferred: 0, passed: 0, failedOpen: 0 }
  const last: Decision[] = []
  await readLog(host, { configDir, since }, ({ event, at, repeat }: Told) => {
    if (event.kind === 'failed-open' || event.kind === 'trouble') totals.failedOpen += repeat
    if ((event.kind !== 'deferred' && event.kind !== 'passed') || event.by !== 'greylister') return
    // our own questions are no mail
    if (event.sender.startsWith('greyctl-probe@')) return
    totals[event.kind] += repeat
    const { client, sender, recipient, kind } = event
    const reason = event.kind === 'passed' ? event.said : (event.reason ?? '')
    const name = `${client.name}[${client.address}]`
    last.push({ at, action: kind, reason, client: name, sender, recipient })
    if (last.length > SHOWN) last.shift()
  })
  return { seconds: WINDOW, ...totals, last }
}

async function orUndefined<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch {
    return undefined
  }
}

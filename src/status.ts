import type { Host } from './host/host.js'
import { readLog } from './maillog/read.js'
import type { Told } from './maillog/told.js'
import { parseMainCfBytes } from './postfix/main-cf.js'
import { findPolicyServices } from './postfix/policy-services.js'
import { gatherFacts, type ServerFacts } from './setup/facts.js'
import type { PostfixInstance } from './setup/instance.js'
import { PARAMETER } from './setup/names.js'
import { askConfiguration } from './store/attendant.js'
import { glance, type Query } from './store/query.js'
import type { RecentView, StatusView } from './ui/status.js'

/** How the daemon's own word for itself begins while its store is not open. */
const NOT_GREYLISTING = 'not greylisting'

/** How far back the log is looked at (seconds), and how many decisions are shown. */
const WINDOW = 3600
const SHOWN = 5
/** Seconds; Postfix waits for ten. */
const PATIENCE = 3

/** Looks, and changes nothing. What cannot be seen is left out, never guessed. */
export async function gatherStatus(
  host: Host,
  options: {
    readonly configDir: string | undefined
    readonly query: () => Promise<Query>
    readonly controlDirectory: () => Promise<string | undefined>
  },
): Promise<StatusView> {
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
    others: facts.others.map(wiring),
    configuration: bundled
      ? await orUndefined(async () => configuration(await options.controlDirectory()))
      : undefined,
    store: bundled ? await orUndefined(async () => glance(await options.query())) : undefined,
    recent: await orUndefined(() => recent(host, facts.configDir)),
  }
}

/** greylisting is in and answers. */
export function isWell({ backend, service, endpoint, postfix, others }: StatusView): boolean {
  return (
    backend !== null &&
    service.running &&
    !service.text.startsWith(NOT_GREYLISTING) &&
    endpoint?.outcome === 'answered' &&
    [postfix, ...others].every(({ asks }) => asks.length > 0)
  )
}

async function service(host: Host, facts: ServerFacts): Promise<StatusView['service']> {
  const state = facts.installed?.backend === 'postgrey' ? facts.postgrey.service : facts.service
  const unit = facts.installed?.backend === 'postgrey' ? 'postgrey.service' : 'greyctl.service'
  const { running, enabled } = state
  if (!facts.live || facts.init !== 'systemd') return { running, enabled, text: '' }
  const { stdout } = await host.run(['systemctl', 'show', '--property=StatusText', '--value', unit])
  return { running, enabled, text: stdout.trim() }
}

async function configuration(directory: string | undefined): Promise<StatusView['configuration']> {
  return directory === undefined ? undefined : askConfiguration(directory)
}

/** A request that no record is made of: an authenticated user is never greylisted. */
async function ask(host: Host, address: string): Promise<StatusView['endpoint']> {
  const request =
    'request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=192.0.2.1\nclient_name=greyctl-probe.example\n' +
    'sender=greyctl-probe@localhost\nrecipient=postmaster@localhost\nsasl_username=greyctl-probe\n\n'
  const { outcome, seconds } = await host.exchange(address, request, { until: '\n\n', timeout: PATIENCE })
  return { address, outcome, milliseconds: Math.round(seconds * 1000) }
}

function wiring({ mainCf, mainCfPath, configDir, postfixRunning }: PostfixInstance): StatusView['postfix'] {
  const services =
    mainCf === undefined ? [] : findPolicyServices(parseMainCfBytes(mainCf, mainCfPath), PARAMETER)
  const asks = services
    .filter(({ greylister }) => greylister !== undefined)
    .map(({ list, line, endpoint }) => ({ list, line, endpoint }))
  return { running: postfixRunning, configDir, asks }
}

async function recent(host: Host, configDir: string): Promise<RecentView> {
  const since = Math.floor(host.now()) - WINDOW
  const totals = { deferred: 0, passed: 0, failedOpen: 0 }
  const last: RecentView['last'][number][] = []
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

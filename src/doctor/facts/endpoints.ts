import { isIP } from 'node:net'
import type { Host } from '../../host/host.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Endpoint } from './policy-uses.js'
import { assertLive } from './settings.js'

/** How a policy server answered one request. */
export interface EndpointAnswer {
  readonly endpoint: Endpoint
  /** `inet:127.0.0.1:10023`, `unix:/var/spool/postfix/private/policy`: where it was asked. */
  readonly asked: string
  readonly outcome: 'answered' | 'closed' | 'silent' | 'no-connection'
  readonly answer: string
  /** ECONNREFUSED, ENOENT, EACCES, ETIMEDOUT, ENOTFOUND, …; undefined after a connection. */
  readonly error: string | undefined
  readonly seconds: number
}

/** Longer than any policy server should take; Postfix itself waits 100 s. */
const PATIENCE = 2

/** A request that every greylister passes without a record: mail to postmaster@ from an authenticated user. */
function request(hostname: string): string {
  const attributes = {
    request: 'smtpd_access_policy',
    protocol_state: 'RCPT',
    protocol_name: 'ESMTP',
    helo_name: 'greyctl-probe.example',
    queue_id: '',
    sender: `greyctl-probe@${hostname}`,
    recipient: `postmaster@${hostname}`,
    recipient_count: '0',
    client_address: '192.0.2.1',
    client_name: 'greyctl-probe.example',
    reverse_client_name: 'greyctl-probe.example',
    instance: `greyctl.${process.pid}`,
    sasl_method: 'plain',
    sasl_username: 'greyctl-probe',
    sasl_sender: '',
    size: '0',
    etrn_domain: '',
  }
  return `${Object.entries(attributes)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}\n`
}

export async function gatherEndpoints(context: GatherContext<Facts>): Promise<readonly EndpointAnswer[]> {
  const { host, need } = context
  assertLive(host.root)
  const [uses, settings] = await Promise.all([need('policyUses'), need('settings')])
  const text = request(settings.get('myhostname').replace(/[^A-Za-z0-9.-]/g, '') || 'localhost')
  const services = await portNames(host)
  const distinct = new Map(uses.map(({ endpoint }) => [addressOf(endpoint, services), endpoint]))
  return Promise.all(
    [...distinct].map(async ([asked, endpoint]) => {
      if (asked === undefined) return unusable(endpoint)
      const answer = await host.exchange(asked, text, { until: '\n\n', timeout: PATIENCE })
      return { endpoint, asked, ...answer }
    }),
  )
}

/** Names no place: the checks of the endpoint's text say why. */
function unusable(endpoint: Endpoint): EndpointAnswer {
  return {
    endpoint,
    asked: endpoint.text,
    outcome: 'no-connection',
    answer: '',
    error: 'ENOTFOUND',
    seconds: 0,
  }
}

export function addressOf(endpoint: Endpoint, ports: ReadonlyMap<string, string>): string | undefined {
  if (endpoint.path !== '') return `unix:${endpoint.path}`
  const port = /^\d+$/.test(endpoint.port) ? endpoint.port : ports.get(endpoint.port)
  if (endpoint.transport !== 'inet' || port === undefined || !/^[A-Za-z0-9._:-]+$/.test(endpoint.host))
    return undefined
  return `inet:${isIP(endpoint.host) === 6 ? `[${endpoint.host}]` : endpoint.host}:${port}`
}

/** services(5), tcp. */
export async function portNames(host: Host): Promise<ReadonlyMap<string, string>> {
  const text = (await host.read('/etc/services'))?.toString('latin1') ?? ''
  const names = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [first, port = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const number = /^(\d+)\/tcp$/.exec(port)?.[1]
    if (number === undefined) continue
    for (const name of [first ?? '', ...aliases]) names.set(name, number)
  }
  return names
}

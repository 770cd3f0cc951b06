import { OUTBOUND_CONTEXT } from '../../greylist/correspondent.js'
import { listWords } from '../../postfix/restriction-list.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { EffectiveList, Entry, SmtpdService } from './services.js'

/** One time that a list of a service asks a policy server. */
export interface PolicyUse {
  readonly service: SmtpdService
  /** As in main.cf; a restriction class where no list names it: a table may. */
  readonly list: string
  /** Its place among the entries of the list. */
  readonly at: number
  readonly entry: Entry
  readonly endpoint: Endpoint
  /** Seconds. */
  readonly timeout: number
  readonly defaultAction: string
  /** By its name, its port or its parameter; the process behind it may tell more. */
  readonly greylister: boolean
  /** Asked to learn of outbound mail: it decides nothing (postconf(5) check_policy_service, policy_context). */
  readonly outbound: boolean
}

/** `inet:HOST:PORT` or `unix:PATH`, as smtpd sees it. */
export interface Endpoint {
  /** As written in main.cf. */
  readonly text: string
  readonly transport: string
  /** Host as written; empty for a socket. */
  readonly host: string
  /** Number or name. */
  readonly port: string
  /** The socket as a process outside of the chroot finds it. */
  readonly path: string
}

export async function gatherPolicyUses({ need }: GatherContext<Facts>): Promise<readonly PolicyUse[]> {
  const [services, settings] = await Promise.all([need('services'), need('settings')])
  const queue = settings.get('queue_directory')
  return services.flatMap((service) => {
    const usesOf = (lists: readonly EffectiveList[]) =>
      lists.flatMap(({ name, entries }) =>
        entries.flatMap((entry, at) => policyUse(service, name, at, entry, queue)),
      )
    const inLists = usesOf(service.lists)
    const known = new Set(inLists.map(({ entry }) => entry.argument))
    return [...inLists, ...usesOf(service.classes).filter(({ entry }) => !known.has(entry.argument))]
  })
}

function policyUse(
  service: SmtpdService,
  list: string,
  at: number,
  entry: Entry,
  queue: string,
): readonly PolicyUse[] {
  if (entry.name !== 'check_policy_service' || entry.argument === undefined) return []
  const { text, options } = readCheck(entry.argument)
  const endpoint = readEndpoint(text, service.chroot, queue)
  const timeout = options.get('timeout') ?? service.get('smtpd_policy_service_timeout')
  return [
    {
      service,
      list,
      at,
      entry,
      endpoint,
      timeout: seconds(timeout),
      defaultAction: options.get('default_action') ?? service.get('smtpd_policy_service_default_action'),
      greylister: isGreylister(endpoint) && !isOutbound(options),
      outbound: isOutbound(options),
    },
  ]
}

/** The argument of check_policy_service: an endpoint, or `{ endpoint, name=value, … }`. */
export function readCheck(argument: string): { readonly text: string; readonly options: CheckOptions } {
  const inside = argument.startsWith('{') ? argument.replace(/^\{|\}$/g, '') : argument
  const [text = '', ...items] = listWords(inside)
  return { text, options: new Map(items.map(readItem)) }
}

type CheckOptions = ReadonlyMap<string, string>

export function isOutbound(options: CheckOptions): boolean {
  return options.get('policy_context') === OUTBOUND_CONTEXT
}

function readItem(item: string): [string, string] {
  const text = item.startsWith('{') ? item.slice(1, -1).trim() : item
  const equals = text.indexOf('=')
  return equals < 0 ? [text, ''] : [text.slice(0, equals).trim(), text.slice(equals + 1).trim()]
}

/** SMTPD_POLICY_README: names are relative to the queue directory; absolute ones are inside the chroot. */
export function readEndpoint(text: string, chroot: boolean, queue: string): Endpoint {
  const colon = text.indexOf(':')
  const transport = colon < 0 ? '' : text.slice(0, colon)
  const rest = text.slice(colon + 1)
  if (transport === 'unix' || transport === 'local') {
    const path = rest.startsWith('/') ? (chroot ? queue + rest : rest) : `${queue}/${rest}`
    return { text, transport, host: '', port: '', path }
  }
  const match = /^(?:\[([^\]]*)\]|(.*?)):?([^:\]]*)$/.exec(rest)
  const last = rest.lastIndexOf(':')
  if (match?.[1] !== undefined) {
    return { text, transport, host: match[1], port: match[3] ?? '', path: '' }
  }
  const host = last < 0 ? 'localhost' : rest.slice(0, last) || 'localhost'
  return { text, transport, host, port: rest.slice(last + 1), path: '' }
}

/** `10s`, `2m`, `1h`, `1d`; postconf(5), "smtpd_policy_service_timeout". Without a unit: seconds. */
export function seconds(text: string): number {
  const match = /^(\d+)([smhdw]?)$/.exec(text)
  if (match === null) return Number.NaN
  const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }
  return Number(match[1]) * (units[match[2] || 's'] ?? 1)
}

/** Ports by habit: postgrey on Debian 10023, on Arch 10030, upstream 60000; sqlgrey 2501. */
const GREYLISTER_PORTS = new Set(['10023', '10030', '60000', '2501', 'postgrey'])

export function isGreylister({ text, port }: Endpoint): boolean {
  return /grey|gray/i.test(text) || GREYLISTER_PORTS.has(port)
}

import { isAbsolute, join } from 'node:path'

/** Where a store that several daemons share is, as `--store` and greyctl.toml say it. */
export interface ValkeyLocation {
  readonly kind: 'valkey'
  /** One server; sentinels that know which one; or a cluster, of which some nodes are named. */
  readonly mode: 'single' | 'sentinel' | 'cluster'
  readonly nodes: readonly Node[]
  /** A unix socket instead of nodes. */
  readonly socket: string | undefined
  readonly database: number
  readonly user: string | undefined
  readonly tls: boolean
  /** The sentinels' name of the servers. */
  readonly master: string | undefined
  /** Before each key, so that a server may hold other things too. */
  readonly prefix: string
  readonly files: Files
  /** Directory for what this host remembers while the server cannot be used. */
  readonly local: string
}

export interface Node {
  readonly host: string
  readonly port: number
}

/** Paths; undefined: not needed, or the system's own. */
interface Files {
  readonly password: string | undefined
  readonly sentinelPassword: string | undefined
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

const SCHEMES = { valkey: false, redis: false, valkeys: true, rediss: true } as const
const PORT = 6379
const SENTINEL_PORT = 26_379
export const DEFAULT_PREFIX = 'grey:'
export const DEFAULT_LOCAL = '/var/lib/greyctl/store'

const PATHS = ['password-file', 'sentinel-password-file', 'ca', 'cert', 'key', 'local'] as const
const OPTIONS: ReadonlySet<string> = new Set([...PATHS, 'sentinel', 'cluster', 'prefix'])

/** Whether a text wants to be one, well or badly written. */
export function isValkeyText(text: string): boolean {
  return /^(?:valkey|redis)s?:/.test(text)
}

/**
 * `valkey://[USER@]HOST[:PORT][,HOST[:PORT]…][/DATABASE][?OPTIONS]`, `valkeys://` with TLS, `valkey:///path/of/socket`;
 * redis:// and rediss:// mean the same. Several hosts are nodes of a cluster, or with `?sentinel=NAME` sentinels.
 * Returns a sentence for what is none. It never holds the text: there might be a password in it.
 */
export function parseValkey(text: string): ValkeyLocation | string {
  const match = /^(valkeys?|rediss?):\/\/(?:([^@/?#]*)@)?([^@/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/.exec(text)
  if (!match) return 'must be valkey://HOST:PORT, with the options behind a ?'
  const [, scheme = 'valkey', user, hosts = '', path = '', query = ''] = match
  if (user?.includes(':')) {
    return 'has a password in it, which everybody on this machine could read: put it into a file (?password-file=PATH) or GREYCTL_STORE_PASSWORD'
  }
  const options = new URLSearchParams(query)
  const complaint = complaintAbout(options)
  if (complaint !== undefined) return complaint
  const master = options.get('sentinel') ?? undefined
  const nodes = hosts === '' ? [] : hosts.split(',').map((one) => parseNode(one, master !== undefined))
  if (!nodes.every((node) => node !== undefined)) {
    return 'names a host that is none: HOST, HOST:PORT or [ADDRESS]:PORT'
  }
  const place = placeIn(path, nodes.length)
  if (typeof place === 'string') return place
  const clustered = options.has('cluster') || (nodes.length > 1 && master === undefined)
  if (clustered && (master !== undefined || place.database > 0 || place.socket !== undefined)) {
    return 'is of a cluster, which has neither sentinels nor databases with numbers'
  }
  const file = (name: (typeof PATHS)[number]) => options.get(name) ?? undefined
  return {
    kind: 'valkey',
    mode: master !== undefined ? 'sentinel' : clustered ? 'cluster' : 'single',
    nodes,
    ...place,
    user: user ? decodeURIComponent(user) : undefined,
    tls: SCHEMES[scheme as keyof typeof SCHEMES],
    master,
    prefix: options.get('prefix') ?? DEFAULT_PREFIX,
    files: {
      password: file('password-file'),
      sentinelPassword: file('sentinel-password-file'),
      ca: file('ca'),
      cert: file('cert'),
      key: file('key'),
    },
    local: file('local') ?? DEFAULT_LOCAL,
  }
}

/** What stands behind the hosts: the number of a database, or without hosts a socket's path. */
function placeIn(path: string, hosts: number): Pick<ValkeyLocation, 'socket' | 'database'> | string {
  if (hosts === 0) return path.length > 1 ? { socket: path, database: 0 } : 'names no host'
  const database = /^\/?(\d{0,3})$/.exec(path)?.[1]
  if (database === undefined) return 'must have the number of a database behind the host, or nothing'
  return { socket: undefined, database: Number(database) }
}

function complaintAbout(options: URLSearchParams): string | undefined {
  for (const [name, value] of options) {
    if (!OPTIONS.has(name)) return `has an unknown option; there are ${[...OPTIONS].join(', ')}`
    if ((PATHS as readonly string[]).includes(name) && !isAbsolute(value))
      return `must have an absolute path for ${name}`
    if (name === 'sentinel' && value === '')
      return 'must say which servers the sentinels are asked for: ?sentinel=NAME'
    if (name === 'prefix' && !/^[\w:.-]{0,40}$/.test(value))
      return 'must have a prefix of letters, digits and : . _ -'
  }
  return undefined
}

function parseNode(text: string, sentinel: boolean): Node | undefined {
  const match = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text)
  const port = Number(match?.[3] ?? (sentinel ? SENTINEL_PORT : PORT))
  if (!match || port < 1 || port > 65_535) return undefined
  return { host: match[1] ?? match[2] ?? '', port }
}

/** As people are told of it: `valkey://mx-store:6379`, `valkey:///run/valkey.sock`, without options. */
export function nameOf({ nodes, socket, tls, database, mode, master }: ValkeyLocation): string {
  const hosts = nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',')
  const tail = database > 0 ? `/${database}` : ''
  const how = mode === 'sentinel' ? ` (sentinels of ${master})` : mode === 'cluster' ? ' (cluster)' : ''
  return `valkey${tls ? 's' : ''}://${hosts}${socket ?? ''}${tail}${how}`
}

/** What a daemon keeps on its host for the time in which the server cannot be used. */
export function localDirectories({ local }: ValkeyLocation) {
  return { apart: join(local, 'apart'), mirror: join(local, 'mirror') } as const
}

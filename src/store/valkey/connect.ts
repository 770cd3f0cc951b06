import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster, Redis } from 'iovalkey'
import type { Node, ValkeyLocation } from './location.js'

/** A connection to the server, or to all nodes of a cluster. */
export type Connection =
  | { readonly kind: 'server'; readonly client: Redis }
  | { readonly kind: 'cluster'; readonly client: Cluster }

/**
 * Connects, or rejects with what went wrong within so many milliseconds. A connection that was lost is not made anew
 * here: whoever uses it decides when to try again (fallback.ts), and nothing waits in a queue meanwhile.
 */
export async function connect(location: ValkeyLocation, milliseconds: number): Promise<Connection> {
  const secrets = secretsOf(location)
  const common = { ...commonOptions(location, milliseconds), ...secrets }
  const { mode, nodes, socket } = location
  const connection: Connection =
    mode === 'cluster'
      ? { kind: 'cluster', client: new Cluster([...nodes], clusterOptions(common, milliseconds)) }
      : {
          kind: 'server',
          client: new Redis({ ...common, ...whereTo(location), ...(socket ? { path: socket } : {}) }),
        }
  await ready(connection, milliseconds)
  return connection
}

/** One of the sentinels, to be asked what it knows. Rejects as `connect` does. */
export async function connectSentinel(
  location: ValkeyLocation,
  sentinel: Node,
  milliseconds: number,
): Promise<Redis> {
  const { user: _, ...others } = location
  const { sentinelPassword } = secretsOf(location)
  const client = new Redis({
    ...commonOptions({ ...others, user: undefined, database: 0 }, milliseconds),
    ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    ...sentinel,
  })
  await ready({ kind: 'server', client }, milliseconds)
  return client
}

export function disconnect({ client }: Connection): void {
  client.disconnect()
}

function commonOptions({ user, database, tls, files }: ValkeyLocation, milliseconds: number) {
  return {
    ...(user === undefined ? {} : { username: user }),
    ...(database === 0 ? {} : { db: database }),
    ...(tls ? { tls: tlsOptions(files) } : {}),
    connectionName: 'greyctl',
    lazyConnect: true,
    connectTimeout: milliseconds,
    keepAlive: 30_000,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  }
}

function whereTo({ mode, nodes, master, tls, files }: ValkeyLocation) {
  if (mode !== 'sentinel') return nodes[0] ?? {}
  return {
    sentinels: [...nodes] as Node[],
    name: master ?? '',
    sentinelRetryStrategy: () => null,
    ...(tls ? { enableTLSForSentinelMode: true, sentinelTLS: tlsOptions(files) } : {}),
  }
}

type Common = ReturnType<typeof commonOptions> & ReturnType<typeof secretsOf>

function clusterOptions(common: Common, milliseconds: number) {
  // these belong to the cluster's own connections
  const {
    lazyConnect: _,
    enableOfflineQueue: __,
    retryStrategy: ___,
    maxRetriesPerRequest,
    ...redisOptions
  } = common
  return {
    redisOptions: { ...redisOptions, maxRetriesPerRequest },
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    clusterRetryStrategy: () => null,
    slotsRefreshTimeout: milliseconds,
    retryDelayOnFailover: 20,
    retryDelayOnClusterDown: 0,
    maxRedirections: 3,
  }
}

function tlsOptions({ ca, cert, key }: ValkeyLocation['files']) {
  return {
    ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    ...(cert === undefined ? {} : { cert: readFileSync(cert) }),
    ...(key === undefined ? {} : { key: readFileSync(key) }),
  }
}

/** systemd.exec(5), LoadCredential=. */
const CREDENTIAL = 'store-password'
/** Where that credential comes from: what root's commands read themselves. */
const ROOTS_FILE = '/etc/greyctl/store-password'

/** Read anew for each connection, so that a password can be changed while the daemon runs. Throws what the system says. */
function secretsOf({ files }: ValkeyLocation): {
  readonly password?: string
  readonly sentinelPassword?: string
} {
  const credentials = process.env.CREDENTIALS_DIRECTORY
  const password =
    (files.password === undefined ? undefined : line(files.password)) ??
    (process.env.GREYCTL_STORE_PASSWORD || undefined) ??
    (credentials === undefined ? lineIfThere(ROOTS_FILE) : lineIfThere(join(credentials, CREDENTIAL)))
  const { sentinelPassword } = files
  return {
    ...(password === undefined ? {} : { password }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword: line(sentinelPassword) }),
  }
}

function line(path: string): string {
  return readFileSync(path, 'utf8').split(/\r?\n/)[0] ?? ''
}

function lineIfThere(path: string): string | undefined {
  try {
    return line(path)
  } catch {
    return undefined
  }
}

function ready(connection: Connection, milliseconds: number): Promise<void> {
  const { client } = connection
  return new Promise((resolve, reject) => {
    let trouble: Error | undefined
    const fail = (error: Error) => {
      clearTimeout(late)
      client.disconnect()
      reject(trouble ?? error)
    }
    const late = setTimeout(() => fail(new Error(`no connection within ${milliseconds} ms`)), milliseconds)
    // always somebody has to listen; later, commands fail with the reason
    client.on('error', (error: Error) => {
      trouble ??= lastCause(error)
    })
    client.connect().then(() => {
      clearTimeout(late)
      resolve()
    }, fail)
  })
}

/** A cluster says of all its nodes only that they failed, and keeps the reason. */
function lastCause(error: Error & { lastNodeError?: Error }): Error {
  return error.lastNodeError ?? error
}

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { GreyctlError } from '../errors.js'
import type { Store } from '../store/store.js'
import type { Metrics } from './metrics.js'
import { type Gauges, metricsText } from './metrics-text.js'

export interface MetricsSource {
  readonly metrics: Metrics
  readonly version: string
  /** Connections that are open. */
  connections(): number
  /** Of the rules in force. */
  fingerprint(): string
  /** undefined: not yet open. */
  store(): Store | undefined
}

export interface MetricsServer {
  /** `http://127.0.0.1:9323/metrics` */
  readonly url: string
  close(): void
}

const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'
/** A Prometheus or two; whoever opens more is none. */
const MOST_CONNECTIONS = 16
/** Milliseconds. */
const SLOWEST_REQUEST = 5000
/** Milliseconds between two looks at how late the event loop is. */
const RESOLUTION = 20

/** Answers GET /metrics, and nothing else. Throws GreyctlError('port-taken' | 'service-failed'). */
export async function serveMetrics(
  listen: { readonly host: string; readonly port: number },
  source: MetricsSource,
): Promise<MetricsServer> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION })
  const server = createServer({ requestTimeout: SLOWEST_REQUEST, headersTimeout: SLOWEST_REQUEST })
  server.maxConnections = MOST_CONNECTIONS
  server.on('request', (request, response) => {
    // a body is nobody's business here
    request.resume()
    const known = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD')
    if (!known) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('GET /metrics\n')
      return
    }
    textNow(source, delay).then(
      (text) => response.writeHead(200, { 'content-type': CONTENT_TYPE }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await bound(server, listen)
  delay.enable()
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}/metrics`,
    close() {
      delay.disable()
      server.close()
      server.closeAllConnections()
    },
  }
}

type Delay = ReturnType<typeof monitorEventLoopDelay>

async function textNow(source: MetricsSource, delay: Delay): Promise<string> {
  const store = await storeNow(source.store())
  const cpu = process.cpuUsage()
  const gauges: Gauges = {
    version: source.version,
    connections: source.connections(),
    fingerprint: source.fingerprint(),
    store,
    eventLoopDelay: lateness(delay),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startTime: Math.round(Date.now() / 1000 - process.uptime()),
  }
  delay.reset()
  return metricsText(source.metrics, gauges)
}

async function storeNow(store: Store | undefined): Promise<Gauges['store']> {
  try {
    return await store?.stats()
  } catch {
    return undefined
  }
}

/** The timer's own period is in what is measured (nanoseconds). */
function lateness(delay: Delay): Gauges['eventLoopDelay'] {
  const seconds = (nanoseconds: number) =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000) : 0
  return {
    median: seconds(delay.percentile(50)),
    p99: seconds(delay.percentile(99)),
    max: seconds(delay.max),
  }
}

function bound(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'port-taken' : 'service-failed'
      const why = cause.code === 'EADDRINUSE' ? 'somebody else listens there' : cause.message
      reject(new GreyctlError(code, `no metrics on ${host}:${port}: ${why}`, { cause }))
    })
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      server.on('error', () => {})
      resolve()
    })
  })
}

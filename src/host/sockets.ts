import { connect, createServer, type Socket } from 'node:net'
import { GreyctlError } from '../errors.js'
import type { Exchange } from './host.js'

type Address = { readonly path: string } | { readonly host: string; readonly port: number }

/** `inet:HOST:PORT`, IPv6 in brackets, or `unix:PATH`. Throws GreyctlError('usage'). */
export function parseAddress(endpoint: string): Address {
  const unix = /^unix:(\/.+)$/.exec(endpoint)
  if (unix?.[1]) return { path: unix[1] }
  const inet = /^inet:(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(endpoint)
  if (inet) return { host: inet[1] ?? inet[2] ?? '', port: Number(inet[3]) }
  throw new GreyctlError('usage', `"${endpoint}" is no inet:HOST:PORT and no unix:PATH`)
}

export function canConnect(endpoint: string, timeoutSeconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = connect(parseAddress(endpoint))
    const finish = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(timeoutSeconds * 1000, () => finish(false))
    socket.once('connect', () => finish(true))
    socket.once('error', () => finish(false))
  })
}

/** A socket file that nobody answers on is left over from a dead process, and free. */
export async function canListen(endpoint: string): Promise<boolean> {
  const address = parseAddress(endpoint)
  if ('path' in address) return !(await canConnect(endpoint, 1))
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(new GreyctlError('unsupported', `cannot listen on ${endpoint}: ${error.message}`))
    })
    server.listen({ ...address, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

const MAX_ANSWER = 64 * 1024

/** One question and its answer. Whatever happens is an outcome. */
export function exchange(
  endpoint: string,
  text: string,
  { until, timeout }: { until: string; timeout: number },
): Promise<Exchange> {
  return new Promise((resolve) => {
    const began = performance.now()
    const socket: Socket = connect(parseAddress(endpoint))
    let answer = ''
    let connected = false
    const finish = (outcome: Exchange['outcome'], error?: string) => {
      clearTimeout(late)
      socket.destroy()
      resolve({ outcome, answer, error, seconds: (performance.now() - began) / 1000 })
    }
    const late = setTimeout(
      () => (connected ? finish('silent') : finish('no-connection', 'ETIMEDOUT')),
      timeout * 1000,
    )
    socket.setEncoding('latin1')
    socket.once('connect', () => {
      connected = true
      socket.write(text)
    })
    socket.on('data', (chunk: string) => {
      answer += chunk
      if (answer.includes(until)) finish('answered')
      else if (answer.length > MAX_ANSWER) finish('closed')
    })
    socket.once('end', () => finish('closed'))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (connected) finish('closed', error.code)
      else finish('no-connection', error.code ?? error.message)
    })
  })
}

import { connect, createServer, type Socket } from 'node:net'
import { GreyctlError } from '../errors.js'

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

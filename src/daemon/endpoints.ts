import { isIP } from 'node:net'
import * as v from 'valibot'
import { GreyctlError } from '../errors.js'
import { parseAddress } from '../greylist/address.js'
import type { ConfigFile } from './config/file.js'
import { absolutePath, type InetAddress, inetAddress, socketMode } from './config/settings.js'
import { type Flags, usage } from './flags.js'

export type Endpoint =
  | ({ readonly kind: 'inet' } & InetAddress)
  | UnixEndpoint
  /** Inherited from systemd, already listening (sd_listen_fds(3)). */
  | { readonly kind: 'descriptor'; readonly descriptor: number }

export interface UnixEndpoint {
  readonly kind: 'unix'
  readonly path: string
  readonly mode: number
  readonly owner?: string | undefined
  readonly group?: string | undefined
}

/** Postfix's connections wait here while the daemon is busy. The system may allow less. */
export const DEFAULT_BACKLOG = 512

/** postgrey's: whoever can reach the directory may ask. */
const DEFAULT_MODE = 0o666

/**
 * Where to listen: what systemd hands over or else what the flags say, and what the file says. Throws
 * GreyctlError('usage').
 */
export function endpointsOf(
  flags: Pick<Flags, 'inet' | 'unix' | 'socketmode'>,
  file: Pick<ConfigFile, 'settings'> | undefined,
  inherited: readonly number[],
): Endpoint[] {
  const said: Endpoint[] =
    inherited.length > 0
      ? inherited.map((descriptor) => ({ kind: 'descriptor', descriptor }))
      : endpointsOfFlags(flags)
  const endpoints = [...said, ...endpointsOfFile(file)]
  if (endpoints.length === 0)
    throw usage('--inet, --unix or [[listen]] in greyctl.toml must say where to listen')
  return endpoints
}

function endpointsOfFlags({
  inet,
  unix,
  socketmode,
}: Pick<Flags, 'inet' | 'unix' | 'socketmode'>): Endpoint[] {
  const endpoints: Endpoint[] = []
  if (inet !== undefined) endpoints.push({ kind: 'inet', ...checked(inetAddress(), 'inet', inet) })
  if (unix !== undefined) {
    const path = checked(absolutePath(), 'unix', unix)
    const mode = socketmode === undefined ? DEFAULT_MODE : checked(socketMode(), 'socketmode', socketmode)
    endpoints.push({ kind: 'unix', path, mode })
  }
  return endpoints
}

function endpointsOfFile(file: Pick<ConfigFile, 'settings'> | undefined): Endpoint[] {
  return (file?.settings.listen ?? []).map(({ inet, unix, mode, owner, group }): Endpoint => {
    if (inet !== undefined) return { kind: 'inet', ...inet }
    return { kind: 'unix', path: unix ?? '', mode: mode ?? DEFAULT_MODE, owner, group }
  })
}

function checked<Output>(schema: v.GenericSchema<unknown, Output>, flag: string, text: string): Output {
  const result = v.safeParse(schema, text)
  if (result.success) return result.output
  throw usage(`--${flag}=${text}: ${result.issues[0].message}`)
}

/** Nobody but this machine can reach it. Of an inherited socket that is known only when it is open. */
export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind !== 'inet') return endpoint.kind === 'unix'
  return endpoint.host === 'localhost' || isLoopback(endpoint.host)
}

/**
 * Throws GreyctlError('usage') where others could ask and nothing says who may. What only the start can tell, the
 * addresses of a name and of an inherited socket, is looked at there (server.ts).
 */
export function assertGuarded(endpoints: readonly Endpoint[], file: ConfigFile | undefined): void {
  const own = endpoints.length - (file?.settings.listen?.length ?? 0)
  endpoints.forEach((endpoint, index) => {
    if (endpoint.kind !== 'inet' || isLocal(endpoint)) return
    if (endpoint.host !== '*' && isIP(endpoint.host) === 0) return
    const name = `${endpoint.host}:${endpoint.port}`
    throw nobodyMayAsk(name, endpoint.host, index < own ? undefined : file?.where('listen', index - own))
  })
}

/** `where`: the line that says so. */
export function nobodyMayAsk(name: string, address: string, where?: string): GreyctlError {
  return new GreyctlError('usage', `cannot listen on ${name}: nothing says who may ask`, {
    ...(where === undefined ? {} : { where }),
    hints: [
      `others can reach ${address}: name the networks of your mail servers in greyctl.toml, may-ask = ["192.0.2.0/24"], or with --may-ask=192.0.2.0/24`,
    ],
  })
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(address: string): boolean {
  const bytes = parseAddress(address)
  if (bytes === undefined) return false
  return bytes.length === 4 ? bytes[0] === 127 : bytes.every((byte, index) => byte === (index === 15 ? 1 : 0))
}

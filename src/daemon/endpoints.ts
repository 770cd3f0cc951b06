import { isAbsolute } from 'node:path'
import { type Flags, usage } from './flags.js'
import type { Endpoint } from './server.js'

/** Where to listen. What systemd hands over stands for what the flags say. Throws GreyctlError('usage'). */
export function endpointsOf(
  { inet, unix, socketmode }: Pick<Flags, 'inet' | 'unix' | 'socketmode'>,
  inherited: readonly number[],
): Endpoint[] {
  if (inherited.length > 0) return inherited.map((descriptor) => ({ kind: 'descriptor', descriptor }))
  const endpoints: Endpoint[] = []
  if (inet !== undefined) endpoints.push(inetEndpoint(inet))
  if (unix !== undefined) {
    if (!isAbsolute(unix)) throw usage(`--unix=${unix}: must be an absolute path`)
    const mode = socketmode ?? '0666'
    if (!/^[0-7]{1,4}$/.test(mode)) throw usage(`--socketmode=${mode}: must be an octal mode such as 0666`)
    endpoints.push({ kind: 'unix', path: unix, mode: Number.parseInt(mode, 8) })
  }
  if (endpoints.length === 0) throw usage('--inet or --unix must say where to listen')
  return endpoints
}

function inetEndpoint(text: string): Endpoint {
  const match = /^(?:(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) {
    throw usage(`--inet=${text}: must be PORT, HOST:PORT or [ADDRESS]:PORT`)
  }
  return { kind: 'inet', host: match[1] ?? match[2] ?? '127.0.0.1', port }
}

export function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind !== 'inet') return endpoint.kind === 'unix'
  return endpoint.host === 'localhost' || endpoint.host === '::1' || /^127(?:\.\d+){3}$/.test(endpoint.host)
}

import { isIP } from 'node:net'
import { GreyctlError } from '../errors.js'
import { DEFAULT_DELAY, DEFAULT_LISTEN } from './names.js'

/** What the administrator decided, by flag, by answer, or by an earlier install. */
export interface InstallChoices {
  readonly backend: Backend
  /** Ask about those clients alone that check_client_greylist names. */
  readonly selective: boolean
  /** Seconds until a retry is accepted. */
  readonly delay: number
  readonly listen: Endpoint
  /** Decide and log, but defer nobody. */
  readonly learn: boolean
  /** undefined: triplets stay on this host. */
  readonly store: SharedStore | undefined
  /** Take the place of another greylister that main.cf asks. */
  readonly replace: boolean
  /** Change a configuration that another program manages. */
  readonly force: boolean
}

/** A store as the daemon's --store names it. */
export interface SharedStore {
  readonly location: string
  /** How the service gets there; undefined: as it does now. */
  readonly reach?: {
    readonly addresses: readonly string[]
    readonly credential: boolean
    /** Other hosts may join: sentinels, a cluster. */
    readonly grows?: boolean
  }
}

/** The daemon of greyctl itself, or Debian's postgrey. */
export type Backend = 'bundled' | 'postgrey'

export type Endpoint =
  | { readonly kind: 'inet'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** `inet:HOST:PORT` (HOST an address, IPv6 in brackets) or `unix:PATH`. Throws GreyctlError('usage'). */
export function parseEndpoint(text: string): Endpoint {
  const inet = /^inet:(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(text)
  if (inet) {
    const host = inet[1] ?? inet[2] ?? ''
    const port = Number(inet[3])
    const address = host === 'localhost' ? '127.0.0.1' : host
    if (isIP(address) !== 0 && port > 0 && port < 65536) return { kind: 'inet', host: address, port }
  }
  const unix = /^unix:(\/[\w./+@-]+)$/.exec(text)
  if (unix?.[1]) return { kind: 'unix', path: unix[1] }
  throw new GreyctlError('usage', `"${text}" is no place to listen on`, {
    hints: [`use inet:ADDRESS:PORT, as in ${DEFAULT_LISTEN}, or unix:/absolute/path`],
  })
}

export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix:${endpoint.path}`
  return `inet:${formatAddress(endpoint)}`
}

/** `127.0.0.1:10023` or `[::1]:10023`: as systemd's ListenStream= and the daemon's --inet= take it. */
export function formatAddress(endpoint: Endpoint & { kind: 'inet' }): string {
  return `${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`
}

/** Every local process could forge answers or fill the store if it listened beyond this machine. */
export function assertLocal(endpoint: Endpoint): void {
  if (endpoint.kind === 'unix' || endpoint.host === '::1' || endpoint.host.startsWith('127.')) return
  throw new GreyctlError('usage', `${endpoint.host} is not an address of the loopback interface`, {
    hints: ['a policy service has no passwords: let it listen on 127.0.0.1 or [::1], or on a unix socket'],
  })
}

export interface GivenFlags {
  readonly backend?: Backend | undefined
  readonly selective?: boolean | undefined
  readonly delay?: number | undefined
  readonly listen?: string | undefined
  readonly learn?: boolean | undefined
  readonly store?: SharedStore | 'local' | undefined
  readonly replace?: boolean | undefined
  readonly force?: boolean | undefined
}

/**
 * Flags first, then what is set up already (the administrator's edits included), then the defaults. Throws
 * GreyctlError('usage') for an endpoint that is not local, and for what postgrey cannot do.
 */
export function resolveChoices(flags: GivenFlags, current: GivenFlags): InstallChoices {
  const listen = parseEndpoint(flags.listen ?? current.listen ?? DEFAULT_LISTEN)
  assertLocal(listen)
  const backend = flags.backend ?? current.backend ?? 'bundled'
  if (backend === 'postgrey' && flags.learn) {
    throw new GreyctlError('usage', 'postgrey cannot learn without deferring', {
      hints: ['leave --learn out, or use the bundled daemon: --backend bundled'],
    })
  }
  if (backend === 'postgrey' && flags.store !== undefined && flags.store !== 'local') {
    throw new GreyctlError('usage', 'postgrey shares its triplets with nobody', {
      hints: ['leave --store out, or use the bundled daemon: --backend bundled'],
    })
  }
  const store = flags.store ?? current.store
  return {
    backend,
    selective: flags.selective ?? current.selective ?? false,
    delay: flags.delay ?? current.delay ?? DEFAULT_DELAY,
    listen,
    learn: backend === 'bundled' && (flags.learn ?? current.learn ?? false),
    store: store === 'local' || backend === 'postgrey' ? undefined : store,
    replace: flags.replace ?? false,
    force: flags.force ?? false,
  }
}

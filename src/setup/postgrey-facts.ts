import type { Host } from '../host/host.js'
import type { GivenFlags } from './choices.js'
import { POSTGREY_DEFAULTS, POSTGREY_PROGRAM, POSTGREY_USER } from './names.js'
import type { PackageOffer } from './postgrey-package.js'
import { type InitSystem, type ServiceState, serviceState } from './service-manager.js'
import { optionValue, optionWords } from './shell-options.js'

/** Debian's postgrey on this machine. */
export interface PostgreyFacts {
  readonly installed: boolean
  readonly service: ServiceState
  readonly user: boolean
  /** Berkeley DB's programs are there (db5.3-util). */
  readonly tableTools: boolean
  /** What the package would bring; set when it is wanted and missing. */
  readonly offer: PackageOffer | undefined
  /** Packages to remove when what install brought goes again. */
  readonly removable: readonly string[]
}

export async function gatherPostgrey(host: Host, live: boolean, init: InitSystem): Promise<PostgreyFacts> {
  const installed = (await host.stat(POSTGREY_PROGRAM)) !== undefined
  return {
    installed,
    service:
      installed && live ? await serviceState(host, init, 'postgrey') : { running: false, enabled: false },
    user: (await host.user(POSTGREY_USER)) !== undefined,
    tableTools: (await host.stat('/usr/bin/db5.3_dump')) !== undefined,
    offer: undefined,
    removable: [],
  }
}

export const INET = { long: 'inet', short: 'i' } as const
export const UNIX = { long: 'unix', short: 'u' } as const
export const DELAY = { long: 'delay' } as const
export const OPTIONS = 'POSTGREY_OPTS'

/** What postgrey's options say now. When both are given, --inet wins over --unix (postgrey(8)); a port alone is localhost's. */
export function readPostgreyOptions(text: string): Pick<GivenFlags, 'listen' | 'delay'> {
  const words = optionWords(text, OPTIONS, POSTGREY_DEFAULTS)
  const inet = optionValue(words, INET)?.replace(/^localhost:/, '127.0.0.1:')
  const unix = optionValue(words, UNIX)
  const delay = Number(optionValue(words, DELAY) ?? Number.NaN)
  const listen =
    inet === undefined ? unix && `unix:${unix}` : `inet:${/^\d+$/.test(inet) ? `127.0.0.1:${inet}` : inet}`
  return {
    ...(listen ? { listen } : {}),
    // postgrey takes 0 for its default
    ...(Number.isInteger(delay) && delay > 0 ? { delay } : {}),
  }
}

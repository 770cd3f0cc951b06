import { join } from 'node:path'
import type { DaemonOptions } from './daemon/options.js'
import type { Host } from './host/host.js'
import { DEFAULTS_FILE } from './setup/names.js'
import { daemonWords } from './setup/render.js'

/**
 * As this server's daemon has them: /etc/default/greyctl, greyctl.toml, the defaults. `wanted`: options that win. Loaded
 * late. Throws GreyctlError('usage') for what the daemon would not take.
 */
export async function daemonOptions(host: Host, wanted: readonly string[] = []): Promise<DaemonOptions> {
  const { parseOptions } = await import('./daemon/options.js')
  const { DEFAULT_CONFIG } = await import('./daemon/config/file.js')
  const words = daemonWords((await host.read(DEFAULTS_FILE))?.toString('utf8') ?? '')
  return parseOptions(['--inet=10023', ...words, ...wanted], { config: join(host.root, DEFAULT_CONFIG) })
}

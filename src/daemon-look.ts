import type { Endpoint } from './daemon/endpoints.js'
import type { DaemonOptions } from './daemon/options.js'
import type { Peer } from './daemon/reach.js'
import { daemonOptions } from './daemon-options.js'
import { GreyctlError } from './errors.js'
import type { Host } from './host/host.js'
import { DEFAULTS_FILE } from './setup/names.js'

/** What this server's daemon makes of its settings, and its unit of whom they name. */
export interface DaemonLook {
  /** Complaints with which it would not start, `path:line: …` each; what runs keeps what it had. */
  readonly refused: readonly string[]
  /** Whom it is to answer or to ask, and its unit keeps away: the setting, the network, and where that is set. */
  readonly keptAway: readonly {
    readonly setting: Peer['setting']
    readonly network: string
    readonly where: string
  }[]
}

/** null: no daemon is set up here. Throws for settings that this user may not read. */
export async function lookAtDaemon(host: Host): Promise<DaemonLook | null> {
  if ((await host.read(DEFAULTS_FILE)) === undefined) return null
  let options: DaemonOptions
  try {
    options = await daemonOptions(host)
  } catch (error) {
    if (!(error instanceof GreyctlError) || isDenied(error)) throw error
    return { refused: error.message.split('\n'), keptAway: [] }
  }
  const { peersOf, keptAway, textOf } = await import('./daemon/reach.js')
  const { isLocal } = await import('./daemon/endpoints.js')
  const beyond = options.endpoints.some((endpoint: Endpoint) => !isLocal(endpoint))
  // who may ask counts where somebody can
  const peers = peersOf(options).filter(({ setting }) => beyond || setting !== 'may-ask')
  const away = peers.length === 0 ? [] : keptAway(peers, await rulesOf(host))
  return {
    refused: [],
    keptAway: away.map(({ setting, network }) => ({
      setting,
      network: textOf(network),
      where: whereIs(setting, options),
    })),
  }
}

function isDenied({ cause }: GreyctlError): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES'
}

/** systemd.resource-control(5). Empty where systemd does not run, or is not asked. */
async function rulesOf(host: Host): Promise<string> {
  if (host.root !== '/') return ''
  const argv = ['systemctl', 'show', '-p', 'IPAddressDeny', '-p', 'IPAddressAllow', 'greyctl.service']
  return (await host.run(argv, { timeout: 4 })).stdout
}

/** The line of greyctl.toml, or the file with the options. */
function whereIs(setting: Peer['setting'], { file }: DaemonOptions): string {
  const key = setting === 'store' ? file?.settings.store?.location : file?.settings[setting]
  return file === undefined || key === undefined ? DEFAULTS_FILE : file.where(setting)
}

import { basename, join } from 'node:path'
import type { Host } from '../host/host.js'
import { findManager, MANAGER_PATHS, type Manager } from '../postfix/managers.js'
import { GREYLIST_TABLE } from '../postfix/ours.js'
import { type InstanceFacts, readInstanceFacts, readMapTypes } from '../postfix/postconf.js'
import { type AccountTools, findAccountTools } from './accounts.js'
import { type InstalledRecord, parseInstalled } from './installed.js'
import {
  CONFIG_DIR,
  CONFIG_FILE,
  DEFAULTS_FILE,
  INIT_SCRIPT,
  INSTALLED_FILE,
  PACKAGED_UNIT_DIR,
  POLICY_RC_D,
  POSTGREY_DEFAULTS,
  POSTGREY_DROP_IN,
  POSTGREY_DROP_IN_DIR,
  SERVICE_UNIT,
  SOCKET_UNIT,
  STATE_DIR,
  STORE_DIR,
  UNIT_DIR,
  USER,
  WHITELIST_CLIENTS,
  WHITELIST_RECIPIENTS,
} from './names.js'
import { gatherPostgrey, type PostgreyFacts } from './postgrey-facts.js'
import { findInitSystem, type InitSystem, type ServiceState, serviceState } from './service-manager.js'

/** What the planners need to know of a machine; gathered once, judged by pure functions. */
export interface ServerFacts {
  /** Whether programs can be run there (false with --root). */
  readonly live: boolean
  readonly configDir: string
  readonly mainCfPath: string
  readonly mainCf: Buffer | undefined
  readonly masterCfPath: string
  readonly masterCf: Buffer | undefined
  /** A program that writes this configuration. */
  readonly manager: Manager | undefined
  /** undefined with --root, and when Postfix's own programs cannot read the configuration. */
  readonly postfix: InstanceFacts | undefined
  readonly postfixRunning: boolean
  readonly init: InitSystem
  /** What makes system users here. */
  readonly accounts: AccountTools
  readonly service: ServiceState
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  readonly installed: InstalledRecord | undefined
  readonly postgrey: PostgreyFacts
  /** What kinds of tables this Postfix reads (postconf -m); undefined where it cannot be asked. */
  readonly mapTypes: readonly string[] | undefined
  /** The table of selective greylisting, beside main.cf. */
  readonly tablePath: string
  /** Content of each file that install may write; undefined where absent. */
  readonly files: ReadonlyMap<string, Buffer | undefined>
  /** Units that greyctl's package brought, by the path of UNIT_FILES that would come before them. */
  readonly packagedUnits: ReadonlyMap<string, Buffer>
  /** Directories that exist already. */
  readonly directories: ReadonlySet<string>
}

export const UNIT_FILES = {
  service: `${UNIT_DIR}/${SERVICE_UNIT}`,
  socket: `${UNIT_DIR}/${SOCKET_UNIT}`,
}

const MANAGED_FILES = [
  UNIT_FILES.service,
  UNIT_FILES.socket,
  INIT_SCRIPT,
  DEFAULTS_FILE,
  CONFIG_FILE,
  WHITELIST_CLIENTS,
  WHITELIST_RECIPIENTS,
  INSTALLED_FILE,
  POSTGREY_DEFAULTS,
  POSTGREY_DROP_IN,
  POLICY_RC_D,
]

export interface FactsOptions {
  /** undefined: the instance that greylisting is installed in, else /etc/postfix. */
  readonly configDir: string | undefined
  /** false for uninstall, which must work when Postfix's configuration does not parse. */
  readonly needsPostfix: boolean
}

/** Reads the machine without changing it. Throws what readInstanceFacts throws when `needsPostfix`. */
export async function gatherFacts(host: Host, options: FactsOptions): Promise<ServerFacts> {
  const live = host.root === '/'
  const installed = parseInstalled(await host.read(INSTALLED_FILE), INSTALLED_FILE)
  const configDir = options.configDir ?? installed?.configDir ?? '/etc/postfix'
  const mainCfPath = join(configDir, 'main.cf')
  const mainCf = await host.read(mainCfPath)
  const tablePath = join(configDir, GREYLIST_TABLE)
  const init = await findInitSystem(host)
  const postfix = live && options.needsPostfix ? await readInstanceFacts(host, configDir) : undefined
  return {
    live,
    configDir,
    mainCfPath,
    mainCf,
    masterCfPath: join(configDir, 'master.cf'),
    masterCf: await host.read(join(configDir, 'master.cf')),
    manager: findManager(mainCf?.toString('latin1') ?? '', await present(host, MANAGER_PATHS)),
    postfix,
    postfixRunning: live && (await isPostfixRunning(host, configDir)),
    init,
    accounts: await findAccountTools(host),
    service: live ? await ownService(host, init) : { running: false, enabled: false },
    user: await host.user(USER),
    installed,
    postgrey: await gatherPostgrey(host, live, init),
    mapTypes: live && options.needsPostfix ? await readMapTypes(host) : undefined,
    tablePath,
    files: new Map(
      await Promise.all(
        [...MANAGED_FILES, tablePath].map(async (path) => [path, await host.read(path)] as const),
      ),
    ),
    packagedUnits: await packagedUnits(host),
    directories: await existing(host, [CONFIG_DIR, STATE_DIR, STORE_DIR, POSTGREY_DROP_IN_DIR]),
  }
}

async function packagedUnits(host: Host): Promise<ReadonlyMap<string, Buffer>> {
  const found = new Map<string, Buffer>()
  for (const path of Object.values(UNIT_FILES)) {
    const content = await host.read(join(PACKAGED_UNIT_DIR, basename(path)))
    if (content !== undefined) found.set(path, content)
  }
  return found
}

async function present(host: Host, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const stats = await Promise.all(paths.map((path) => host.stat(path)))
  return new Set(paths.filter((_, at) => stats[at] !== undefined))
}

async function existing(host: Host, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const stats = await Promise.all(paths.map((path) => host.stat(path)))
  return new Set(paths.filter((_, at) => stats[at]?.kind === 'directory'))
}

/** `postfix status` exits 0 when the master process runs. */
export async function isPostfixRunning(host: Host, configDir: string): Promise<boolean> {
  const result = await host.run(['postfix', '-c', configDir, 'status'])
  return result.exitCode === 0
}

/** With systemd the socket is what is up and enabled; the service behind it may also have failed. */
async function ownService(host: Host, init: InitSystem): Promise<ServiceState> {
  if (init !== 'systemd') return serviceState(host, init, 'greyctl')
  const active = await host.run(['systemctl', 'is-active', '--quiet', SOCKET_UNIT])
  const enabled = await host.run(['systemctl', 'is-enabled', '--quiet', SOCKET_UNIT])
  const failed = await host.run(['systemctl', 'is-failed', '--quiet', SERVICE_UNIT])
  return { running: active.exitCode === 0 && failed.exitCode !== 0, enabled: enabled.exitCode === 0 }
}

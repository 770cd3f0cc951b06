import { basename, join } from 'node:path'
import type { Host } from '../host/host.js'
import { readMapTypes } from '../postfix/postconf.js'
import { type AccountTools, findAccountTools } from './accounts.js'
import { type InstalledRecord, parseInstalled } from './installed.js'
import { gatherInstance, instancesOf, type PostfixInstances } from './instance.js'
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
  STORE_DROP_IN,
  STORE_DROP_IN_DIR,
  UNIT_DIR,
  USER,
  WHITELIST_CLIENTS,
  WHITELIST_RECIPIENTS,
} from './names.js'
import { gatherPostgrey, type PostgreyFacts } from './postgrey-facts.js'
import { findInitSystem, type InitSystem, type ServiceState, serviceState } from './service-manager.js'

/** What the planners need to know of a machine and of the instance asked about; gathered once, judged by pure functions. */
export interface ServerFacts extends PostfixInstances {
  /** Whether programs can be run there (false with --root). */
  readonly live: boolean
  readonly init: InitSystem
  /** What makes system users here. */
  readonly accounts: AccountTools
  readonly service: ServiceState
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  readonly installed: InstalledRecord | undefined
  readonly postgrey: PostgreyFacts
  /** What kinds of tables this Postfix reads (postconf -m); undefined where it cannot be asked. */
  readonly mapTypes: readonly string[] | undefined
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
  STORE_DROP_IN,
  POLICY_RC_D,
]

export interface FactsOptions {
  /** undefined: the first instance that greylisting is installed in, else /etc/postfix. */
  readonly configDir: string | undefined
  /** false for uninstall, which must work when Postfix's configuration does not parse. */
  readonly needsPostfix: boolean
}

/** Reads the machine without changing it. Throws what readInstanceFacts throws when `needsPostfix`. */
export async function gatherFacts(host: Host, options: FactsOptions): Promise<ServerFacts> {
  const live = host.root === '/'
  const installed = parseInstalled(await host.read(INSTALLED_FILE), INSTALLED_FILE)
  const recorded = installed?.instances.map((each) => each.configDir) ?? []
  const configDir = options.configDir ?? recorded[0] ?? '/etc/postfix'
  const gather = (directory: string) => gatherInstance(host, directory, { live, asked: options.needsPostfix })
  const instance = await gather(configDir)
  const there = await withMainCf(
    host,
    recorded.filter((each) => each !== configDir),
  )
  const others = await Promise.all(there.map(gather))
  const init = await findInitSystem(host)
  return {
    ...instance,
    live,
    others,
    init,
    accounts: await findAccountTools(host),
    service: live ? await ownService(host, init) : { running: false, enabled: false },
    user: await host.user(USER),
    installed,
    postgrey: await gatherPostgrey(host, live, init),
    mapTypes: live && options.needsPostfix ? await readMapTypes(host) : undefined,
    files: new Map(
      await Promise.all(
        [...MANAGED_FILES, ...instancesOf({ ...instance, others }).map(({ tablePath }) => tablePath)].map(
          async (path) => [path, await host.read(path)] as const,
        ),
      ),
    ),
    packagedUnits: await packagedUnits(host),
    directories: await existing(host, [
      CONFIG_DIR,
      STATE_DIR,
      STORE_DIR,
      STORE_DROP_IN_DIR,
      POSTGREY_DROP_IN_DIR,
    ]),
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

/** Those of the directories that still hold an instance. */
async function withMainCf(host: Host, directories: readonly string[]): Promise<readonly string[]> {
  const stats = await Promise.all(directories.map((directory) => host.stat(join(directory, 'main.cf'))))
  return directories.filter((_, at) => stats[at] !== undefined)
}

async function existing(host: Host, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const stats = await Promise.all(paths.map((path) => host.stat(path)))
  return new Set(paths.filter((_, at) => stats[at]?.kind === 'directory'))
}

/** With systemd the socket is what is up and enabled; the service behind it may also have failed. */
async function ownService(host: Host, init: InitSystem): Promise<ServiceState> {
  if (init !== 'systemd') return serviceState(host, init, 'greyctl')
  const active = await host.run(['systemctl', 'is-active', '--quiet', SOCKET_UNIT])
  const enabled = await host.run(['systemctl', 'is-enabled', '--quiet', SOCKET_UNIT])
  const failed = await host.run(['systemctl', 'is-failed', '--quiet', SERVICE_UNIT])
  return { running: active.exitCode === 0 && failed.exitCode !== 0, enabled: enabled.exitCode === 0 }
}

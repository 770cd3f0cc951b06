import type { Host } from '../host/host.js'

export type InitSystem = 'systemd' | 'openrc' | 'sysv'

export interface ServiceState {
  readonly running: boolean
  readonly enabled: boolean
}

/** One row a service manager: what an administrator would type. Exit code 0 is yes, or done. */
interface ServiceManager {
  /** As people call it. */
  readonly name: string
  readonly start: (unit: string) => readonly string[]
  readonly stop: (unit: string) => readonly string[]
  readonly restart: (unit: string) => readonly string[]
  readonly enable: (unit: string) => readonly string[]
  readonly disable: (unit: string) => readonly string[]
  /** As disable, for a service whose files go: nothing of it stays in the boot sequence. */
  readonly forget: (unit: string) => readonly string[]
  readonly isActive: (unit: string) => readonly string[]
}

/** `unit` is the name without `.service`: postgrey, greyctl, postfix. */
export const SERVICE_MANAGERS: Readonly<Record<InitSystem, ServiceManager>> = {
  systemd: {
    name: 'systemd',
    start: (unit) => ['systemctl', 'start', `${unit}.service`],
    stop: (unit) => ['systemctl', 'stop', `${unit}.service`],
    restart: (unit) => ['systemctl', 'restart', `${unit}.service`],
    enable: (unit) => ['systemctl', '--quiet', 'enable', `${unit}.service`],
    disable: (unit) => ['systemctl', '--quiet', 'disable', `${unit}.service`],
    forget: (unit) => ['systemctl', '--quiet', 'disable', `${unit}.service`],
    isActive: (unit) => ['systemctl', 'is-active', '--quiet', `${unit}.service`],
  },
  // rc-service(8), rc-update(8)
  openrc: {
    name: 'OpenRC',
    start: (unit) => ['rc-service', unit, 'start'],
    stop: (unit) => ['rc-service', unit, 'stop'],
    restart: (unit) => ['rc-service', unit, 'restart'],
    enable: (unit) => ['rc-update', 'add', unit, 'default'],
    disable: (unit) => ['rc-update', 'del', unit, 'default'],
    forget: (unit) => ['rc-update', 'del', unit, 'default'],
    isActive: (unit) => ['rc-service', unit, 'status'],
  },
  sysv: {
    name: 'init scripts',
    start: (unit) => [`/etc/init.d/${unit}`, 'start'],
    stop: (unit) => [`/etc/init.d/${unit}`, 'stop'],
    restart: (unit) => [`/etc/init.d/${unit}`, 'restart'],
    enable: (unit) => ['update-rc.d', unit, 'defaults'],
    disable: (unit) => ['update-rc.d', unit, 'disable'],
    forget: (unit) => ['update-rc.d', '-f', unit, 'remove'],
    isActive: (unit) => [`/etc/init.d/${unit}`, 'status'],
  },
}

/**
 * What starts services here: systemd says that it runs by a directory (sd_booted(3)), OpenRC by the run level it is in;
 * in an image their programs tell. Otherwise init scripts, which is also what a container without any has.
 */
export async function findInitSystem(host: Host): Promise<InitSystem> {
  const signs: readonly [InitSystem, string][] =
    host.root === '/'
      ? [
          ['systemd', '/run/systemd/system'],
          ['openrc', '/run/openrc/softlevel'],
        ]
      : [
          ['systemd', '/lib/systemd/systemd'],
          ['openrc', '/sbin/openrc-run'],
        ]
  for (const [init, path] of signs) if ((await host.stat(path)) !== undefined) return init
  return 'sysv'
}

/** A service of its own unit or init script, which has to be there where `init` is not systemd. */
export async function serviceState(host: Host, init: InitSystem, unit: string): Promise<ServiceState> {
  if (init !== 'systemd' && (await host.stat(`/etc/init.d/${unit}`)) === undefined) {
    return { running: false, enabled: false }
  }
  const active = await host.run(SERVICE_MANAGERS[init].isActive(unit))
  return { running: active.exitCode === 0, enabled: await isEnabled(host, init, unit) }
}

async function isEnabled(host: Host, init: InitSystem, unit: string): Promise<boolean> {
  if (init === 'systemd') {
    const { exitCode } = await host.run(['systemctl', 'is-enabled', '--quiet', `${unit}.service`])
    return exitCode === 0
  }
  if (init === 'openrc') return (await host.lstat(`/etc/runlevels/default/${unit}`)) !== undefined
  const links = (await host.list('/etc/rc2.d')) ?? []
  return links.some((name) => /^S\d\d/.test(name) && name.slice(3) === unit)
}

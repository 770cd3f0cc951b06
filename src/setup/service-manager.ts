export type InitSystem = 'systemd' | 'sysv'

export interface ServiceState {
  readonly running: boolean
  readonly enabled: boolean
}

/** One row a service manager: what an administrator would type. Exit code 0 is yes, or done. */
interface ServiceManager {
  readonly start: (unit: string) => readonly string[]
  readonly stop: (unit: string) => readonly string[]
  readonly restart: (unit: string) => readonly string[]
  readonly enable: (unit: string) => readonly string[]
  readonly disable: (unit: string) => readonly string[]
  readonly isActive: (unit: string) => readonly string[]
}

/** `unit` is the name without `.service`: postgrey, greyctl, postfix. */
export const SERVICE_MANAGERS: Readonly<Record<InitSystem, ServiceManager>> = {
  systemd: {
    start: (unit) => ['systemctl', 'start', `${unit}.service`],
    stop: (unit) => ['systemctl', 'stop', `${unit}.service`],
    restart: (unit) => ['systemctl', 'restart', `${unit}.service`],
    enable: (unit) => ['systemctl', '--quiet', 'enable', `${unit}.service`],
    disable: (unit) => ['systemctl', '--quiet', 'disable', `${unit}.service`],
    isActive: (unit) => ['systemctl', 'is-active', '--quiet', `${unit}.service`],
  },
  sysv: {
    start: (unit) => [`/etc/init.d/${unit}`, 'start'],
    stop: (unit) => [`/etc/init.d/${unit}`, 'stop'],
    restart: (unit) => [`/etc/init.d/${unit}`, 'restart'],
    enable: (unit) => ['update-rc.d', unit, 'defaults'],
    disable: (unit) => ['update-rc.d', unit, 'disable'],
    isActive: (unit) => [`/etc/init.d/${unit}`, 'status'],
  },
}

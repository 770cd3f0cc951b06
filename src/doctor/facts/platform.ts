import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** What kind of machine this is. */
export interface PlatformFact {
  readonly systemd: boolean
  /** How it is known to be a container; undefined otherwise. */
  readonly container: string | undefined
  /** Programs that write main.cf again, with the sign of each. */
  readonly managers: readonly { readonly name: string; readonly sign: string }[]
}

const CONTAINER_SIGNS = ['/.dockerenv', '/run/.containerenv']

/** File, manager. */
const MANAGER_SIGNS: readonly (readonly [string, string])[] = [
  ['/etc/iredmail-release', 'iRedMail'],
  ['/root/mailinabox', 'Mail-in-a-Box'],
  ['/etc/mailinabox.conf', 'Mail-in-a-Box'],
  ['/opt/mailcow-dockerized', 'mailcow'],
  ['/usr/local/psa/version', 'Plesk'],
  ['/etc/yunohost/installed', 'YunoHost'],
  ['/usr/local/ispconfig', 'ISPConfig'],
  ['/usr/share/froxlor', 'Froxlor'],
  ['/tmp/docker-mailserver', 'docker-mailserver'],
]

export async function gatherPlatform({ host }: GatherContext<Facts>): Promise<PlatformFact> {
  const there = async (path: string) => (await host.stat(path).catch(() => undefined)) !== undefined
  const [systemd, ...signs] = await Promise.all(
    ['/run/systemd/system', ...CONTAINER_SIGNS, ...MANAGER_SIGNS.map(([path]) => path)].map(there),
  )
  const container = CONTAINER_SIGNS.find((_, at) => signs[at])
  const managers = MANAGER_SIGNS.flatMap(([sign, name], at) =>
    signs[CONTAINER_SIGNS.length + at] ? [{ name, sign }] : [],
  )
  return { systemd: systemd ?? false, container, managers }
}

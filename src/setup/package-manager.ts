import type { Host } from '../host/host.js'

export type PackageManagerName = 'apt' | 'dnf' | 'zypper' | 'apk' | 'pacman'

/** One row a package manager: what an administrator would type, answered without questions. */
export interface PackageManager {
  readonly name: PackageManagerName
  readonly program: string
  /** Where the program may lie. */
  readonly paths: readonly string[]
  /** Distributions whose own it is: ID and ID_LIKE of os-release(5). */
  readonly systems: readonly string[]
  /** Reads the lists of packages anew; undefined where that alone would half upgrade the system. */
  readonly refresh: readonly string[] | undefined
  readonly install: (name: string) => readonly string[]
  /** Exit codes of `install` other than 0 that say that it is installed. */
  readonly fine: readonly number[]
  readonly env: Readonly<Record<string, string>>
  /** What a person does when the package cannot be had. */
  readonly hint: string
}

export const PACKAGE_MANAGERS: readonly PackageManager[] = [
  {
    name: 'apt',
    program: 'apt-get',
    paths: ['/usr/bin/apt-get'],
    systems: ['debian', 'ubuntu'],
    refresh: ['apt-get', 'update', '-qq'],
    install: (name) => ['apt-get', 'install', '--yes', '-qq', name],
    fine: [],
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    hint: 'apt-get update says whether this machine reaches its package archive',
  },
  {
    // dnf(8), and dnf5's; it reads its lists itself when they are old
    name: 'dnf',
    program: 'dnf',
    paths: ['/usr/bin/dnf'],
    systems: ['fedora', 'rhel', 'centos'],
    refresh: undefined,
    install: (name) => ['dnf', '--assumeyes', '--quiet', 'install', name],
    fine: [],
    env: {},
    hint: 'dnf repolist says which repositories this machine has',
  },
  {
    // zypper(8), "EXIT CODES": 100 to 103 are news about a success, 106 is one although a repository was left out
    name: 'zypper',
    program: 'zypper',
    paths: ['/usr/bin/zypper'],
    systems: ['suse', 'opensuse', 'sles'],
    refresh: undefined,
    install: (name) => ['zypper', '--non-interactive', '--quiet', 'install', name],
    fine: [100, 101, 102, 103, 106],
    env: {},
    hint: 'zypper repos says which repositories this machine has',
  },
  {
    name: 'apk',
    program: 'apk',
    paths: ['/sbin/apk', '/usr/bin/apk'],
    systems: ['alpine'],
    refresh: ['apk', 'update', '--quiet'],
    install: (name) => ['apk', 'add', '--quiet', name],
    fine: [],
    env: {},
    hint: '/etc/apk/repositories says which repositories this machine has',
  },
  {
    // pacman(8): lists that are newer than the system are a half upgrade, which Arch does not support
    name: 'pacman',
    program: 'pacman',
    paths: ['/usr/bin/pacman'],
    systems: ['arch'],
    refresh: undefined,
    install: (name) => ['pacman', '--sync', '--needed', '--noconfirm', '--noprogressbar', name],
    fine: [],
    env: {},
    hint: 'a list that is out of date names packages that are gone: bring the system up to date with pacman -Syu first',
  },
]

/**
 * The package manager of this system: the distribution's own where os-release names one that is there, since a Debian
 * may also have dnf or pacman; otherwise the first that is found. undefined: none of them.
 */
export async function findPackageManager(host: Host): Promise<PackageManager | undefined> {
  const systems = systemNames(await osRelease(host))
  const present = await Promise.all(
    PACKAGE_MANAGERS.map(async ({ paths }) => {
      const stats = await Promise.all(paths.map((path) => host.stat(path)))
      return stats.some((stat) => stat !== undefined)
    }),
  )
  const here = PACKAGE_MANAGERS.filter((_, at) => present[at])
  return here.find((manager) => manager.systems.some((name) => systems.includes(name))) ?? here[0]
}

async function osRelease(host: Host): Promise<string> {
  const content = (await host.read('/etc/os-release')) ?? (await host.read('/usr/lib/os-release'))
  return content?.toString('utf8') ?? ''
}

/** ID and ID_LIKE: `opensuse-leap` is also `opensuse`. Pure. */
export function systemNames(osReleaseText: string): readonly string[] {
  const value = (name: string) =>
    new RegExp(`^${name}=(["']?)(.*?)\\1\\s*$`, 'm').exec(osReleaseText)?.[2]?.split(/\s+/) ?? []
  const words = [...value('ID'), ...value('ID_LIKE')].filter((word) => word !== '')
  return [...new Set(words.flatMap((word) => [word, word.replace(/-.*$/, '')]))]
}

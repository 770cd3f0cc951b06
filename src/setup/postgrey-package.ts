import { GreyctlError } from '../errors.js'
import type { Host, RunResult } from '../host/host.js'
import { findPackageManager, type PackageManager } from './package-manager.js'

/** A package that is not installed: what installing it would bring. */
export interface PackageOffer {
  /** All packages that would be new, this one among them. */
  readonly packages: readonly string[]
  /** Its own options file, as it will lie in /etc/default/postgrey. */
  readonly options: Buffer
}

const PACKAGE = 'postgrey'
const ARCHIVES = '/var/cache/apt/archives'
/** Where the package holds what ucf(1) puts in /etc/default/postgrey. */
const OPTIONS_MEMBER = './usr/share/postgrey/postgrey-default'

/**
 * No questions, an administrator's file kept, and patience with another apt. The environment goes with the words, so
 * that an undo which is run later, or by hand, is the same.
 */
export const APT_GET = [
  'env',
  'DEBIAN_FRONTEND=noninteractive',
  'UCF_FORCE_CONFFOLD=1',
  'apt-get',
  '--yes',
  '-qq',
  '-o',
  'DPkg::Lock::Timeout=120',
  '-o',
  'Dpkg::Options::=--force-confold',
] as const

/** Seconds. */
export const APT_TIMEOUT = 900

/**
 * Fetches Debian's postgrey into apt's cache and looks into it, so that the change can be shown before it is made;
 * nothing is installed. Throws GreyctlError('unsupported') where there is no apt, ('program-missing') when the package
 * cannot be had.
 */
export async function fetchPostgrey(host: Host, say: (what: string) => void): Promise<PackageOffer> {
  const manager = await findPackageManager(host)
  if (manager?.name !== 'apt') throw notDebian(manager)
  say(`fetch the package ${PACKAGE}`)
  const download = [...APT_GET, 'install', '--download-only', '--no-install-recommends', PACKAGE]
  let fetched = await host.run(download, { timeout: APT_TIMEOUT })
  if (fetched.exitCode !== 0) {
    say('read the package lists')
    await host.run([...APT_GET, 'update'], { timeout: 300 })
    fetched = await host.run(download, { timeout: APT_TIMEOUT })
  }
  if (fetched.exitCode !== 0) throw unavailable(fetched)
  const { packages, version } = await simulateInstall(host)
  const archive = `${ARCHIVES}/${PACKAGE}_${version?.replaceAll(':', '%3a')}_all.deb`
  const member = await host.run([
    'sh',
    '-c',
    'dpkg-deb --fsys-tarfile "$1" | tar -xO "$2"',
    'sh',
    archive,
    OPTIONS_MEMBER,
  ])
  if (version === undefined || member.exitCode !== 0 || member.stdout === '') throw unavailable(member)
  return { packages, options: Buffer.from(member.stdout) }
}

/**
 * The offer without fetching anything (--dry-run): apt says what would come, but the package's own options file stays
 * unknown. Throws as fetchPostgrey does.
 */
export async function previewPostgrey(host: Host): Promise<PackageOffer> {
  const manager = await findPackageManager(host)
  if (manager?.name !== 'apt') throw notDebian(manager)
  const { packages, result } = await simulateInstall(host)
  if (!packages.includes(PACKAGE)) throw unavailable(result)
  return { packages, options: Buffer.alloc(0) }
}

async function simulateInstall(host: Host) {
  const result = await host.run(['apt-get', '-s', 'install', '--no-install-recommends', PACKAGE])
  const news = [...result.stdout.matchAll(/^Inst (\S+) \((\S+)/gm)]
  return {
    packages: news.map(([, name]) => name ?? ''),
    version: news.find(([, name]) => name === PACKAGE)?.[2],
    result,
  }
}

/** Elsewhere the package of this name has other files and options, which nobody has proven here. */
function notDebian(manager: PackageManager | undefined): GreyctlError {
  const own = manager ? `here packages come from ${manager.program}` : 'this system has no apt'
  return new GreyctlError('unsupported', `greyctl manages Debian's postgrey, and ${own}`, {
    hints: [
      'use the bundled daemon, which needs no package and takes the same options: --backend bundled',
      'a postgrey that runs already gives its triplets with greyctl store import --from postgrey --dbdir DIR',
    ],
  })
}

function unavailable(result: RunResult): GreyctlError {
  const said = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-2).join(' | ')
  return new GreyctlError(
    'program-missing',
    `the package ${PACKAGE} cannot be fetched: ${result.failure ?? said}`,
    {
      hints: [
        'nothing was changed; see that this machine reaches its package archive (apt-get update)',
        'or use the bundled daemon, which needs no package: --backend bundled',
      ],
    },
  )
}

/** Of the packages that install brought, those that can go without taking others with them. */
export async function removablePackages(host: Host, packages: readonly string[]): Promise<readonly string[]> {
  if (packages.length === 0) return []
  const { stdout } = await host.run(['apt-get', '-s', 'purge', ...packages])
  const gone = [...stdout.matchAll(/^(?:Purg|Remv) (\S+)/gm)].map(([, name]) => name ?? '')
  const alone = gone.every((name) => packages.includes(name))
  return alone ? gone : gone.includes(PACKAGE) ? [PACKAGE] : []
}

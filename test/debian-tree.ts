import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

interface Wanted {
  /** Of Debian, as sources.list has it. */
  readonly suite: string
  /** Debian's name of it; else this machine's. */
  readonly architecture?: string
  readonly packages: readonly string[]
  /** Without what they need. */
  readonly alone?: boolean
}

/**
 * Packages of another Debian, or of a program that is not to be started, with all that they need, unpacked and not installed: a tree with their files. Kept from run
 * to run, as the lab's images are. Throws where it cannot be fetched.
 */
export function debianTree(name: string, wanted: Wanted): string {
  const home = `/var/tmp/greyctl-test-${name}-${process.getuid?.()}`
  if (!existsSync(home)) fetchTo(home, wanted)
  if (statSync(home).uid !== process.getuid?.()) throw new Error(`${home} is somebody else's`)
  return home
}

/** Whole or not at all. */
function fetchTo(home: string, { suite, architecture, packages, alone }: Wanted): void {
  const scratch = mkdtempSync(`${home}-`)
  try {
    for (const name of ['apt/lists/partial', 'apt/archives/partial', 'root']) {
      mkdirSync(join(scratch, name), { recursive: true })
    }
    writeFileSync(join(scratch, 'apt/status'), '')
    writeFileSync(join(scratch, 'apt/sources.list'), `deb ${mirror()} ${suite} main\n`)
    const archives = join(scratch, 'apt/archives')
    const options = aptOptions(join(scratch, 'apt'), architecture)
    const apt = (...argv: string[]) =>
      execFileSync('apt-get', ['-q', ...options, ...argv], {
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: 120_000,
        cwd: archives,
      })
    apt('update')
    if (alone) apt('download', ...packages)
    else apt('install', '-y', '--no-install-recommends', '--download-only', ...packages)
    for (const name of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg-deb', ['-x', join(archives, name), join(scratch, 'root')])
    }
    try {
      renameSync(join(scratch, 'root'), home)
    } catch (error) {
      // another test file was first
      if (!existsSync(home)) throw error
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** An apt that knows nothing of this host but its keys, its proxy and its mirror. */
function aptOptions(directory: string, architecture?: string): readonly string[] {
  return Object.entries({
    'Dir::State': directory,
    'Dir::State::Lists': join(directory, 'lists'),
    'Dir::State::status': join(directory, 'status'),
    'Dir::Cache': directory,
    'Dir::Cache::archives': join(directory, 'archives'),
    'Dir::Etc::sourcelist': join(directory, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'APT::Sandbox::User': '',
    ...(architecture === undefined
      ? {}
      : { 'APT::Architecture': architecture, 'APT::Architectures::': architecture }),
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}

function mirror(): string {
  const files = ['/etc/apt/sources.list', ...inDirectory('/etc/apt/sources.list.d')]
  const text = files
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n')
  return (
    /^(?:deb|URIs:).*?\b([a-z+]+:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(text)?.[1] ??
    'http://deb.debian.org/debian'
  )
}

function inDirectory(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path).map((name) => join(path, name)) : []
}

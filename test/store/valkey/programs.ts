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
import { installPackages } from '../../debian.mjs'

/** A server as it is started: what a program like it does, its name decides. */
export interface ServerProgram {
  readonly name: 'valkey' | 'redis'
  readonly file: string
  /** In front of the server's own. */
  readonly options: readonly string[]
}

/** Debian 13's Valkey, and the Redis of Debian 12; those that can be had here. */
export function serverPrograms(): readonly ServerProgram[] {
  const programs = [valkey(), redis()].filter((program) => program !== undefined)
  if (programs.length === 0)
    console.log('skipped: neither valkey-tools nor redis-tools can be installed here')
  return programs
}

/** The program is in the tools' package: the server's own would start a service. */
function redis(): ServerProgram | undefined {
  const file = '/usr/bin/redis-check-rdb'
  if (!existsSync(file)) installPackages('redis-tools', 'openssl')
  return existsSync(file) ? { name: 'redis', file, options: [] } : undefined
}

function valkey(): ServerProgram | undefined {
  const file = '/usr/bin/valkey-check-rdb'
  if (existsSync(file)) return { name: 'valkey', file, options: [] }
  try {
    return unpacked()
  } catch (error) {
    console.log(
      `skipped with Valkey: it cannot be fetched from Debian 13: ${(error as Error).message.trim()}`,
    )
    return undefined
  }
}

/** Kept from run to run, as the lab's images are. */
const HOME = `/var/tmp/greyctl-test-valkey-${process.getuid?.()}`

/** Debian 12 has no Valkey: that of Debian 13 with all its libraries, unpacked and not installed. */
function unpacked(): ServerProgram {
  if (!existsSync(HOME)) fetchTo(HOME)
  if (statSync(HOME).uid !== process.getuid?.()) throw new Error(`${HOME} is somebody else's`)
  const libraries = readdirSync(join(HOME, 'usr/lib'))
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => join(HOME, 'usr/lib', name))
  const linker = libraries.flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => /^ld-linux.*\.so\.\d$/.test(name))
      .map((name) => join(directory, name)),
  )[0]
  if (linker === undefined) throw new Error('its C library has no linker')
  const program = join(HOME, 'usr/bin/valkey-check-rdb')
  return {
    name: 'valkey',
    file: linker,
    options: ['--library-path', libraries.join(':'), '--argv0', 'valkey-server', program],
  }
}

/** Whole or not at all. */
function fetchTo(home: string): void {
  const scratch = mkdtempSync(`${home}-`)
  try {
    for (const name of ['apt/lists/partial', 'apt/archives/partial', 'root']) {
      mkdirSync(join(scratch, name), { recursive: true })
    }
    writeFileSync(join(scratch, 'apt/status'), '')
    writeFileSync(join(scratch, 'apt/sources.list'), `deb ${mirror()} trixie main\n`)
    const apt = (...argv: string[]) =>
      execFileSync('apt-get', ['-q', ...aptOptions(join(scratch, 'apt')), ...argv], {
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: 120_000,
      })
    apt('update')
    apt('install', '-y', '--no-install-recommends', '--download-only', 'valkey-tools')
    const archives = join(scratch, 'apt/archives')
    for (const name of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      execFileSync('dpkg-deb', ['-x', join(archives, name), join(scratch, 'root')])
    }
    renameSync(join(scratch, 'root'), home)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** An apt that knows nothing of this host but its keys, its proxy and its mirror. */
function aptOptions(directory: string): readonly string[] {
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

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages } from '../../debian.mjs'
import { debianTree } from '../../debian-tree.js'

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

/** Debian 12 has no Valkey: that of Debian 13 with all its libraries, unpacked and not installed. */
function unpacked(): ServerProgram {
  const home = debianTree('valkey', { suite: 'trixie', packages: ['valkey-tools'] })
  const libraries = readdirSync(join(home, 'usr/lib'))
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => join(home, 'usr/lib', name))
  const linker = libraries.flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => /^ld-linux.*\.so\.\d$/.test(name))
      .map((name) => join(directory, name)),
  )[0]
  if (linker === undefined) throw new Error('its C library has no linker')
  const program = join(home, 'usr/bin/valkey-check-rdb')
  return {
    name: 'valkey',
    file: linker,
    options: ['--library-path', libraries.join(':'), '--argv0', 'valkey-server', program],
  }
}

import { existsSync } from 'node:fs'
import { installPackages } from '../debian.mjs'
import { debianTree } from '../debian-tree.js'

const QEMU = '/usr/bin/qemu-aarch64-static'

/** What goes before a command line of arm64 to run it here, with Debian's own libraries; undefined where it cannot be had. */
export function emulator(): readonly string[] | undefined {
  if (process.arch === 'arm64') return []
  try {
    if (!existsSync(QEMU)) installPackages('qemu-user-static')
    if (!existsSync(QEMU)) throw new Error('the package qemu-user-static cannot be installed')
    const packages = ['libc6', 'libstdc++6', 'libgcc-s1']
    return [QEMU, '-L', debianTree('arm64', { suite: 'bookworm', architecture: 'arm64', packages })]
  } catch (error) {
    console.log(`skipped: nothing here runs programs of arm64: ${(error as Error).message.trim()}`)
    return undefined
  }
}

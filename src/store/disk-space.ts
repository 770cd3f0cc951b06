import { existsSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Bytes that make LMDB's two files; with fewer it is not even tried. */
const LEAST = 1024 * 1024

/** What the daemon's user may still write there. */
export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

export function noSpace(directory: string): Error {
  const free = Math.floor(freeBytes(directory) / 1024)
  return new Error(`no space left on device: ${free} KiB free in ${directory}, make room there`)
}

/**
 * LMDB maps its lock file into memory, and makes it with a hole: on a full disk, the first write to it would end the
 * whole process with SIGBUS. Throws while there is no room for what is not yet there.
 */
export function assertMappable(directory: string): void {
  // LMDB makes it
  if (!existsSync(directory)) return
  const find = (name: string) => statSync(join(directory, name), { throwIfNoEntry: false })
  const [data, lock] = [find('data.mdb'), find('lock.mdb')]
  const isThere = data && lock && data.size > 0 && lock.blocks * 512 >= lock.size
  if (!isThere && freeBytes(directory) < LEAST) throw noSpace(directory)
}

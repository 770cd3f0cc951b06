import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { FileMeta, FileStat } from './host.js'
import { errnoOf, readTrouble, writeTrouble } from './trouble.js'

/** undefined for what is not there. Throws as readTrouble says. */
export async function orAbsent<T>(path: string, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined
    throw readTrouble(error, path)
  }
}

/** Throws as writeTrouble says. */
export async function writing<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw writeTrouble(error, path)
  }
}

export function describe(stats: Stats): FileStat {
  const kind = stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'other'
  const { uid, gid, size } = stats
  return { kind, uid, gid, size, mode: stats.mode & 0o7777, modified: stats.mtimeMs / 1000 }
}

/** Only root can give files away; in a tree of one's own (--root, tests) the owner stays. */
export async function applyMeta(handle: FileHandle, meta: FileMeta): Promise<void> {
  if (process.getuid?.() === 0) await handle.chown(meta.uid, meta.gid)
  await handle.chmod(meta.mode)
}

/** A rename or a removal is on disk when its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

import { chmod, chown, cp, lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { syncDirectory, writing } from './disk.js'
import type { FileMeta } from './host.js'
import type { Paths } from './paths.js'
import { errnoOf } from './trouble.js'

/** Directories of the real host, and what is in them. */
export class Trees {
  constructor(private readonly paths: Paths) {}

  async makeDirectory(path: string, meta: FileMeta): Promise<boolean> {
    const real = await this.paths.outside(path, { followLast: true })
    return writing(path, async () => {
      try {
        await mkdir(real, { mode: 0o700 })
      } catch (error) {
        if (errnoOf(error) === 'EEXIST') return false
        throw error
      }
      if (process.getuid?.() === 0) await chown(real, meta.uid, meta.gid)
      await chmod(real, meta.mode)
      await syncDirectory(dirname(real))
      return true
    })
  }

  async removeDirectory(path: string): Promise<boolean> {
    const real = await this.paths.outside(path, { followLast: false })
    return writing(path, async () => {
      try {
        if (!(await lstat(real)).isDirectory()) return false
        await rmdir(real)
      } catch (error) {
        // EBUSY: something is mounted there
        if (['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY'].includes(errnoOf(error) ?? '')) return false
        throw error
      }
      await syncDirectory(dirname(real))
      return true
    })
  }

  async removeTree(path: string): Promise<void> {
    if (!/^\/(run|tmp|var\/lib)\/[^/]+/.test(path)) throw new TypeError(`not a tree to remove: ${path}`)
    const real = await this.paths.outside(path, { followLast: false })
    await writing(path, () => rm(real, { recursive: true, force: true }))
  }

  async copyTree(from: string, to: string): Promise<void> {
    const source = await this.paths.outside(from, { followLast: true })
    const target = await this.paths.outside(to, { followLast: false })
    await writing(to, async () => {
      await cp(source, target, {
        recursive: true,
        errorOnExist: true,
        force: false,
        preserveTimestamps: true,
        verbatimSymlinks: true,
      })
      await copyOwners(source, target)
    })
  }
}

async function copyOwners(source: string, target: string): Promise<void> {
  const stats = await lstat(source)
  if (stats.isSymbolicLink()) return
  if (process.getuid?.() === 0) await chown(target, stats.uid, stats.gid)
  await chmod(target, stats.mode & 0o7777)
  if (!stats.isDirectory()) return
  for (const name of await readdir(source)) await copyOwners(join(source, name), join(target, name))
}

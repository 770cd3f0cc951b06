import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  type FileHandle,
  lstat,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { GreyctlError } from '../errors.js'
import { applyMeta, describe, orAbsent, syncDirectory, writing } from './disk.js'
import { followFile } from './follow.js'
import type { FileMeta, FileStat, ReplaceOptions, StreamOptions } from './host.js'
import { partReader } from './part-reader.js'
import type { Paths } from './paths.js'
import { writeTrouble } from './trouble.js'

/** Copies owner, mode, ACLs, extended attributes and the SELinux context of one file to another; the content stays. */
export type CopyAttributes = (from: string, to: string) => Promise<void>

/** The file half of the real host. */
export class Files {
  constructor(
    private readonly paths: Paths,
    private readonly copyAttributes: CopyAttributes,
  ) {}

  async read(path: string): Promise<Buffer | undefined> {
    return this.reading(path, async (real) => {
      if (!(await stat(real)).isFile())
        throw new GreyctlError('config-unreadable', 'not a regular file', { where: path })
      return readFile(real)
    })
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.reading(path, async (real) => describe(await stat(real)))
  }

  async lstat(path: string): Promise<FileStat | undefined> {
    const real = await this.paths.outside(path, { followLast: false })
    return orAbsent(path, async () => describe(await lstat(real)))
  }

  list(path: string): Promise<readonly string[] | undefined> {
    return this.reading(path, async (real) => (await readdir(real)).sort())
  }

  async *stream(path: string, { parts = [], into }: StreamOptions = {}): AsyncIterable<Buffer> {
    const real = await this.paths.outside(path, { followLast: true })
    let handle: FileHandle | undefined
    let reading: Promise<Buffer> | undefined
    try {
      handle = await open(real, constants.O_RDONLY)
      for (const part of parts.length > 0 ? parts : [undefined]) {
        const read = partReader(handle, part, into)
        // the next chunk is read while this one is looked at
        for (reading = read(); ; ) {
          const chunk = await reading
          if (chunk.length === 0) break
          reading = read()
          // its failure is met when its turn comes
          reading.catch(() => {})
          yield chunk
        }
      }
    } catch (error) {
      throw new GreyctlError('log-unreadable', `cannot read: ${(error as Error).message}`, {
        where: path,
        cause: error,
      })
    } finally {
      await reading?.catch(() => {})
      await handle?.close()
    }
  }

  async *streamOn(path: string, signal: AbortSignal): AsyncIterable<Buffer> {
    yield* followFile(await this.paths.outside(path, { followLast: true }), signal)
  }

  tail(path: string, bytes: number): Promise<Buffer | undefined> {
    return this.reading(path, async (real) => {
      const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK)
      try {
        const stats = await handle.stat()
        if (!stats.isFile())
          throw new GreyctlError('config-unreadable', 'not a regular file', { where: path })
        const length = Math.min(bytes, stats.size)
        const buffer = Buffer.alloc(length)
        const { bytesRead } = await handle.read(buffer, 0, length, stats.size - length)
        return buffer.subarray(0, bytesRead)
      } finally {
        await handle.close()
      }
    })
  }

  async freeBytes(path: string): Promise<number> {
    const { bavail, bsize } = await statfs(await this.nearest(path))
    return bavail * bsize
  }

  async freeInodes(path: string): Promise<number | undefined> {
    const { files, ffree } = await statfs(await this.nearest(path))
    return files === 0 ? undefined : ffree
  }

  /** The path, or the nearest directory above it that is there. */
  private async nearest(path: string): Promise<string> {
    let real = await this.paths.outside(path, { followLast: true })
    while (real !== '/' && (await orAbsent(path, () => stat(real))) === undefined) real = dirname(real)
    return real
  }

  async replace(path: string, content: Buffer, options: ReplaceOptions = {}): Promise<void> {
    const real = await this.paths.outside(path, { followLast: true })
    const temporary = join(dirname(real), `.${basename(real)}.greyctl-${randomBytes(6).toString('hex')}`)
    try {
      const old = await orAbsent(path, () => stat(real))
      if (old && !old.isFile()) throw new GreyctlError('change-failed', 'not a regular file', { where: path })
      const like = options.like && (await this.paths.outside(options.like, { followLast: true }))
      const { meta, modified } = options
      await this.writeTemporary(temporary, content, { old: like ?? (old && real), meta, modified })
      await rename(temporary, real)
      await syncDirectory(dirname(real))
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {})
      throw writeTrouble(error, path)
    }
  }

  /** Content first, attributes after: writing takes capabilities and set-id bits away. */
  private async writeTemporary(
    temporary: string,
    content: Buffer,
    like: { old: string | undefined; meta: FileMeta | undefined; modified: number | undefined },
  ): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const handle = await open(temporary, flags, 0o600)
    try {
      await handle.writeFile(content)
      if (like.old !== undefined) await this.copyAttributes(like.old, temporary)
      if (like.meta) await applyMeta(handle, like.meta)
      const now = new Date()
      await handle.utimes(now, like.modified ?? now)
      await handle.sync()
    } finally {
      await handle.close()
    }
  }

  async append(path: string, content: Buffer, meta: FileMeta): Promise<void> {
    const real = await this.paths.outside(path, { followLast: true })
    await writing(path, async () => {
      const fresh = (await orAbsent(path, () => stat(real))) === undefined
      const handle = await open(real, 'a', meta.mode)
      try {
        if (fresh) await applyMeta(handle, meta)
        await handle.writeFile(content)
        await handle.sync()
      } finally {
        await handle.close()
      }
      if (fresh) await syncDirectory(dirname(real))
    })
  }

  async remove(path: string): Promise<void> {
    const real = await this.paths.outside(path, { followLast: false })
    await writing(path, async () => {
      // looked up first: on a read-only file system even removing what is not there fails
      if ((await orAbsent(path, () => lstat(real))) === undefined) return
      await orAbsent(path, () => unlink(real))
      await syncDirectory(dirname(real))
    })
  }

  private async reading<T>(path: string, read: (real: string) => Promise<T>): Promise<T | undefined> {
    const real = await this.paths.outside(path, { followLast: true })
    return orAbsent(path, () => read(real))
  }
}

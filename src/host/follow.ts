import { constants } from 'node:fs'
import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GreyctlError } from '../errors.js'

/** Milliseconds between two looks at a file that does not grow. No watch: a network file system tells nothing. */
const PAUSE = 500
const CHUNK = 64 * 1024
/** Bytes before a place by which it is known again: a stamp and more is in them. */
const KNOWN_BY = 256
/** Files beside it that are looked into for its copy. */
const COPIES = 20
const END = Buffer.alloc(0)
const LINE_END = Buffer.from('\n')

/**
 * A file's bytes from the beginning, and what is added to it until the signal: an empty part says that there is no more
 * yet. It goes on in the file that takes the name after a rename, as soon as that has something in it (until then the
 * old one is still written), and from the beginning of one that was emptied (logrotate's copytruncate), after what the
 * copy has and was not read; of a copy that was packed at once, up to half a second is lost.
 * Throws GreyctlError('log-unreadable').
 */
export async function* followFile(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  const part = Buffer.allocUnsafeSlow(CHUNK)
  let handle: FileHandle | undefined
  try {
    for (;;) {
      handle = await open(path, constants.O_RDONLY)
      yield* readOn(path, handle, part, signal)
      if (signal.aborted) return
      await handle.close()
    }
  } catch (error) {
    throw new GreyctlError('log-unreadable', `cannot read: ${(error as Error).message}`, {
      where: path,
      cause: error,
    })
  } finally {
    await handle?.close()
  }
}

/** Until the signal, or until all of it was read after another file took its name. */
async function* readOn(
  path: string,
  handle: FileHandle,
  part: Buffer,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const place = new Place()
  for (let replaced = false, rested = false; !signal.aborted; ) {
    const emptied = rested && !(await place.isIn(handle))
    rested = false
    if (emptied) {
      yield* restOfCopy(path, place, part)
      place.reset()
    }
    const { bytesRead } = await handle.read(part, 0, CHUNK, place.at)
    if (bytesRead > 0) {
      place.move(part.subarray(0, bytesRead))
      yield part.subarray(0, bytesRead)
      continue
    }
    // a line that was cut off does not go on elsewhere
    if (replaced && !place.isAtLineEnd) yield LINE_END
    if (replaced) return
    yield END
    // what was written to the old one in between is read first
    replaced = await hasSuccessor(path, handle)
    rested = true
    if (!replaced) await sleep(PAUSE, undefined, { signal }).catch(() => {})
  }
}

/** What the copy has that was not read before the file was emptied; where there is none, the end of a line. */
async function* restOfCopy(path: string, place: Place, part: Buffer): AsyncGenerator<Buffer> {
  const copy = await copyOf(path, place)
  try {
    for (;;) {
      const bytesRead = copy === undefined ? 0 : (await copy.read(part, 0, CHUNK, place.at)).bytesRead
      if (bytesRead === 0) break
      place.move(part.subarray(0, bytesRead))
      yield part.subarray(0, bytesRead)
    }
  } finally {
    await copy?.close()
  }
  if (!place.isAtLineEnd) yield LINE_END
}

/** The newest file beside it, named after it, that has at this place what was read there. */
async function copyOf(path: string, place: Place): Promise<FileHandle | undefined> {
  if (place.at === 0) return undefined
  const directory = dirname(path)
  const names = await readdir(directory).catch(() => [])
  const found: { readonly file: string; readonly changed: number }[] = []
  for (const name of names.filter((one) => one.startsWith(basename(path)) && one !== basename(path))) {
    const file = join(directory, name)
    const now = await stat(file).catch(() => undefined)
    if (now?.isFile() && now.size >= place.at) found.push({ file, changed: now.mtimeMs })
  }
  for (const { file } of found.sort((a, b) => b.changed - a.changed).slice(0, COPIES)) {
    const handle = await open(file, constants.O_RDONLY).catch(() => undefined)
    if (handle === undefined) continue
    if (await place.isIn(handle)) return handle
    await handle.close()
  }
  return undefined
}

/** How far a file was read, and the bytes just before, by which the place is known again. */
class Place {
  at = 0
  private before = Buffer.alloc(0)

  move(bytes: Buffer): void {
    this.at += bytes.length
    this.before = Buffer.concat([this.before, bytes.subarray(-KNOWN_BY)]).subarray(-KNOWN_BY)
  }

  reset(): void {
    this.at = 0
    this.before = Buffer.alloc(0)
  }

  get isAtLineEnd(): boolean {
    return this.at === 0 || this.before.at(-1) === 10
  }

  /** Emptied and written again, a file may be longer than before; what it has there is something else then. */
  async isIn(handle: FileHandle): Promise<boolean> {
    const { length } = this.before
    if (length === 0) return true
    const there = Buffer.alloc(length)
    const { bytesRead } = await handle.read(there, 0, length, this.at - length)
    return bytesRead === length && there.equals(this.before)
  }
}

/** Has another file its name, and something in it? */
async function hasSuccessor(path: string, handle: FileHandle): Promise<boolean> {
  const now = await stat(path).catch(() => undefined)
  if (now === undefined || now.size === 0) return false
  const { ino, dev } = await handle.stat()
  return now.ino !== ino || now.dev !== dev
}

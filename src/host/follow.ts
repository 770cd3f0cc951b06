import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { GreyctlError } from '../errors.js'

/** Milliseconds between two looks at a file that does not grow. No watch: a network file system tells nothing. */
const PAUSE = 500
const CHUNK = 64 * 1024
const END = Buffer.alloc(0)
const LINE_END = Buffer.from('\n')

/**
 * A file's bytes from the beginning, and what is added to it until the signal: an empty part says that there is no more
 * yet. It goes on in the file that takes the name after a rename, as soon as that has something in it (until then the
 * old one is still written), and from the beginning of one that was emptied (logrotate's copytruncate; one that has
 * grown longer than before within half a second is not noticed). Throws GreyctlError('log-unreadable').
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
  let at = 0
  let hasEnded = true
  for (let replaced = false; !signal.aborted; ) {
    const { bytesRead } = await handle.read(part, 0, CHUNK, at)
    if (bytesRead > 0) {
      at += bytesRead
      hasEnded = part[bytesRead - 1] === 10
      yield part.subarray(0, bytesRead)
      continue
    }
    const emptied = (await handle.stat()).size < at
    // a line that was cut off does not go on elsewhere
    if ((replaced || emptied) && !hasEnded) yield LINE_END
    if (replaced) return
    if (emptied) at = 0
    yield END
    // what was written to the old one in between is read first
    replaced = await hasSuccessor(path, handle)
    if (!replaced && !emptied) await sleep(PAUSE, undefined, { signal }).catch(() => {})
  }
}

/** Has another file its name, and something in it? */
async function hasSuccessor(path: string, handle: FileHandle): Promise<boolean> {
  const now = await stat(path).catch(() => undefined)
  if (now === undefined || now.size === 0) return false
  const { ino, dev } = await handle.stat()
  return now.ino !== ino || now.dev !== dev
}

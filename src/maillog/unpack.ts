import { createGunzip, type Gunzip } from 'node:zlib'
import { GreyctlError } from '../errors.js'

const GZIP = [0x1f, 0x8b]
/** Longest magic below. */
const MAGIC_BYTES = 6

const UNPACKERS: readonly { readonly magic: readonly number[]; readonly program: string }[] = [
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], program: 'xz' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], program: 'zstd' },
  { magic: [0x42, 0x5a, 0x68], program: 'bzip2' },
]

/**
 * A log file's text, whatever packed it: told by its first bytes, for names lie. Constant memory. `run` streams a
 * program's output. Throws GreyctlError('log-unreadable'), also in the middle of a damaged file.
 */
export async function* unpacked(
  path: string,
  open: () => AsyncIterable<Buffer>,
  run: (argv: readonly string[]) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const chunks = open()[Symbol.asyncIterator]()
  const head: Buffer[] = []
  let size = 0
  while (size < MAGIC_BYTES) {
    const next = await chunks.next()
    if (next.done) break
    head.push(next.value)
    size += next.value.length
  }
  const first = Buffer.concat(head)
  const program = UNPACKERS.find(({ magic }) => startsWith(first, magic))?.program
  if (program !== undefined) {
    await chunks.return?.()
    yield* runUnpacker(program, path, run)
    return
  }
  const whole = prepend(first, chunks)
  if (startsWith(first, GZIP)) yield* gunzip(whole, path)
  else yield* whole
}

const PACKAGES: Readonly<Record<string, string>> = { xz: 'xz-utils', zstd: 'zstd', bzip2: 'bzip2' }

async function* runUnpacker(
  program: string,
  path: string,
  run: (argv: readonly string[]) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    yield* run([program, '-dc', '--', path])
  } catch (error) {
    if (!(error instanceof GreyctlError) || error.code !== 'program-missing') throw error
    throw new GreyctlError('log-unreadable', `packed with ${program}, and there is no such program here`, {
      where: path,
      hints: [`apt-get install ${PACKAGES[program]}`],
      cause: error,
    })
  }
}

/** Do a file's first bytes say that it is packed? */
export function isPacked(first: Buffer): boolean {
  return startsWith(first, GZIP) || UNPACKERS.some(({ magic }) => startsWith(first, magic))
}

function startsWith(bytes: Buffer, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte)
}

async function* prepend(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (first.length > 0) yield first
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.()
  }
}

async function* gunzip(packed: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  const gunzipped = createGunzip()
  const feeding = feed(packed, gunzipped)
  try {
    for await (const chunk of gunzipped) yield chunk as Buffer
    await feeding
  } catch (error) {
    if (error instanceof GreyctlError) throw error
    throw new GreyctlError('log-unreadable', 'damaged or incomplete gzip data', { where: path, cause: error })
  } finally {
    gunzipped.destroy()
    await feeding
  }
}

/** No faster than it is taken, for a chunk is only good until the next. Its own failures reach the reader through the stream. */
async function feed(packed: AsyncIterable<Buffer>, into: Gunzip): Promise<void> {
  try {
    for await (const chunk of packed) {
      if (into.destroyed) return
      await written(into, chunk)
    }
    into.end()
  } catch (error) {
    into.destroy(error as Error)
  }
}

/** When it was taken in, or the stream ended before. */
function written(stream: Gunzip, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('close', done)
      resolve()
    }
    stream.on('close', done)
    stream.write(chunk, done)
  })
}

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { GreyctlError } from '../errors.js'
import { directoriesOf, type StoreSpec } from '../store/spec.js'

/** Turns what a key says into what is stored. */
export type Sealer = (text: string) => string

/** Loaded where it is used: it takes 3 ms of each start. */
const crypto = () => process.getBuiltinModule('node:crypto')

export const KEY_FILE = 'privacy.key'
/** Bytes: as many as the hash has. */
const KEY_SIZE = 32

/**
 * Turns what a key of the store says into a keyed hash of it (HMAC-SHA-256, 43 characters). A plain hash, as postgrey
 * stores, hides nothing: there are few enough addresses to try them all. The key lies beside the store, for its user
 * alone; it is made at the first use. Throws GreyctlError('store-failed') when it cannot be read or made.
 */
export function sealer(store: StoreSpec): Sealer {
  const [directory] = directoriesOf(store)
  return sealWith(directory === undefined ? crypto().randomBytes(KEY_SIZE) : keyOf(directory))
}

/** The same for another process, which makes no key. Throws GreyctlError('store-failed') where there is none to read. */
export function existingSealer(directory: string): Sealer {
  const path = join(directory, KEY_FILE)
  const secret = usable(path, () => existing(path))
  if (secret !== undefined) return sealWith(secret)
  throw new GreyctlError('store-failed', 'the store is private, and its key is missing', {
    where: path,
    hints: ['put it back from a backup; a daemon makes a new one, and learns everything anew'],
  })
}

function sealWith(secret: Buffer): Sealer {
  const { createHmac } = crypto()
  return (text) => createHmac('sha256', secret).update(text, 'latin1').digest('base64url')
}

function keyOf(directory: string): Buffer {
  const path = join(directory, KEY_FILE)
  return usable(path, () => existing(path) ?? made(directory, path))
}

function usable<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof GreyctlError) throw cause
    const message = `the key of --privacy cannot be used: ${(cause as Error).message}`
    throw new GreyctlError('store-failed', message, { where: path, cause })
  }
}

function existing(path: string): Buffer | undefined {
  let secret: Buffer
  try {
    secret = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  if (secret.length === KEY_SIZE) return secret
  throw new GreyctlError('store-failed', `the key of --privacy has ${secret.length} bytes, not ${KEY_SIZE}`, {
    where: path,
    hints: ['put it back from a backup; without it, remove the file: all that is known is then learned anew'],
  })
}

/** Whole or not at all: a key cut short by a crash would lock the daemon out. */
function made(directory: string, path: string): Buffer {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const secret = crypto().randomBytes(KEY_SIZE)
  const fresh = `${path}.${process.pid}`
  const descriptor = openSync(fresh, 'wx', 0o600)
  try {
    writeSync(descriptor, secret)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(fresh, path)
  // and there after a power failure: without it, all that is stored under it says nothing
  const entry = openSync(directory, 'r')
  try {
    fsyncSync(entry)
  } finally {
    closeSync(entry)
  }
  return secret
}

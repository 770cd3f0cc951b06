import { mkdirSync, renameSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { GreyctlError } from '../errors.js'
import { LmdbStore } from './lmdb.js'
import { damageOf } from './lmdb-file.js'
import { MemoryStore } from './memory.js'
import type { Store } from './store.js'

export type StoreSpec = { readonly kind: 'lmdb'; readonly directory: string } | { readonly kind: 'memory' }

/** `lmdb:DIR` (an absolute path) or `memory:`; undefined for anything else. */
export function parseStoreSpec(text: string): StoreSpec | undefined {
  if (text === 'memory:') return { kind: 'memory' }
  const directory = text.startsWith('lmdb:') ? text.slice('lmdb:'.length) : ''
  return isAbsolute(directory) && !directory.includes('\0') ? { kind: 'lmdb', directory } : undefined
}

export interface OpenOptions {
  /** Another process writes; this one only looks. A damaged store is then an error. */
  readonly readOnly?: boolean
  /** Told when a damaged store was put aside. */
  readonly warn?: (message: string) => void
}

/** Throws GreyctlError('store-failed') when the store cannot be opened and is not merely damaged. */
export function openStore(spec: StoreSpec, options: OpenOptions = {}): Store {
  if (spec.kind === 'memory') return new MemoryStore()
  const { directory } = spec
  try {
    return openLmdb(directory, options)
  } catch (cause) {
    if (cause instanceof GreyctlError) throw cause
    throw new GreyctlError('store-failed', `the store cannot be opened: ${(cause as Error).message}`, {
      where: directory,
      hints: [`see that the daemon's user may write to ${directory}, and that the disk has space`],
      cause,
    })
  }
}

function openLmdb(directory: string, { readOnly = false, warn = () => {} }: OpenOptions): Store {
  if (!readOnly) mkdirSync(directory, { recursive: true, mode: 0o700 })
  const file = join(directory, 'data.mdb')
  const damage = damageOf(file)
  if (readOnly) {
    if (damage !== undefined) {
      throw new GreyctlError('store-failed', `the store is damaged: ${damage}`, { where: file })
    }
    return new LmdbStore(directory, { readOnly })
  }
  if (damage !== undefined) setAside(file, damage, warn)
  try {
    return new LmdbStore(directory)
  } catch (error) {
    if (!/MDB_(CORRUPTED|INVALID|VERSION_MISMATCH|PAGE_NOTFOUND|PANIC)|not a valid LMDB/i.test(String(error)))
      throw error
    setAside(file, (error as Error).message, warn)
    return new LmdbStore(directory)
  }
}

/** Greylisting without memory delays some mail once more; without a daemon it would not greylist at all. */
function setAside(file: string, damage: string, warn: (message: string) => void): void {
  const aside = `${file}.damaged-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`
  renameSync(file, aside)
  warn(`${file} is damaged (${damage}): kept as ${aside}, starting with an empty store`)
}

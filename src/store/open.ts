import { mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { GreyctlError } from '../errors.js'
import { Absence } from './absence.js'
import { FRONT_SIZE, Front } from './front.js'
import type { Durability, JournalOptions } from './journaled.js'
import { beginLife } from './lives.js'
import { LmdbStore } from './lmdb.js'
import { inspectFile, lengthen } from './lmdb-file.js'
import type { LmdbThread } from './lmdb-thread.js'
import { MemoryStore } from './memory.js'
import { isDamage, MendingStore } from './mending.js'
import type { LocalSpec } from './spec.js'
import type { LocalStore, Store } from './store.js'
import { damageOf } from './suspicion.js'
import { ThreadedStore } from './threaded.js'
import { WatchedStore } from './watched.js'

export interface OpenOptions {
  /** Another process writes; this one only looks. A damaged store is then an error. */
  readonly readOnly?: boolean
  /** With a journal in front: for the daemon, of which there is one. */
  readonly durability?: Durability
  /** Seconds to wait for another daemon's end; 5 by default. */
  readonly patience?: number
  /** That writes, in place of this one. */
  readonly thread?: LmdbThread | undefined
  /** Told when a damaged store was put aside. */
  readonly warn?: (message: string) => void
}

/**
 * Opens for writing (one process at a time) or reading. A damaged store is put aside and a new one started: without
 * memory some mail is delayed once more, without a daemon nothing would be greylisted at all.
 * Throws GreyctlError('store-failed') when the directory cannot be used.
 */
export function openStore(spec: LocalSpec, options: OpenOptions = {}): Store {
  if (spec.kind === 'memory') return new MemoryStore()
  const { directory } = spec
  const { readOnly = false, warn = () => {}, durability, patience = PATIENCE, thread } = options
  try {
    if (readOnly) return openReadOnly(directory)
    if (durability === undefined) return openMending(directory, warn)
    return openJournaled(directory, { durability, warn, patience }, thread)
  } catch (cause) {
    if (cause instanceof GreyctlError) throw cause
    throw new GreyctlError('store-failed', `the store cannot be opened: ${(cause as Error).message}`, {
      where: directory,
      hints: [`see that the daemon's user may write to ${directory}, and that the disk has space`],
      cause,
    })
  }
}

/** Makes the directory where it is missing. `before` puts something in front of each file. Throws what the system says. */
export function openMending(
  directory: string,
  warn: (message: string) => void,
  before: (file: LmdbStore) => LocalStore = (file) => file,
): LocalStore {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const setAside = (why: string) => putAside(join(directory, 'data.mdb'), why, warn)
  return new MendingStore(
    () => before(openSound(directory, setAside)),
    (why) => setAside(why),
  )
}

/** What a daemon that ends needs for its last answers, and more. */
const PATIENCE = 5

/** Behind the journal's lock nobody else writes: what was read may be kept in memory. */
function openJournaled(directory: string, options: JournalOptions, thread: LmdbThread | undefined): Store {
  const { warn } = options
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  // of a daemon; a command ends by itself
  const life = thread === undefined ? undefined : beginLife(directory)
  // one may have been killed; of two, somebody kills them, or the file does. Who tries again without patience has looked
  const why = life && life.early > 1 && options.patience > 0 ? damageOf(directory, life.early) : undefined
  const absence = new Absence()
  let store: LocalStore | undefined
  try {
    if (why !== undefined) putAside(join(directory, 'data.mdb'), why, warn)
    store = openMending(
      directory,
      warn,
      (file) => new Front(thread === undefined ? file : new ThreadedStore(file, thread), FRONT_SIZE, absence),
    )
    return new WatchedStore(store, directory, { ...options, absence }, life)
  } catch (error) {
    life?.cancel()
    void store?.close()
    throw error
  }
}

function openReadOnly(directory: string): Store {
  const path = join(directory, 'data.mdb')
  const file = inspectFile(path)
  if (file.state === 'damaged') {
    throw new GreyctlError('store-failed', `the store is damaged: ${file.why}`, { where: path })
  }
  return new LmdbStore(directory, { readOnly: true })
}

function openSound(directory: string, setAside: (why: string) => void): LmdbStore {
  const path = join(directory, 'data.mdb')
  const file = inspectFile(path)
  if (file.state === 'damaged') setAside(file.why)
  if (file.state === 'short') lengthen(path, file.size)
  let store: LmdbStore | undefined
  try {
    store = new LmdbStore(directory)
    if (file.state === 'short') assertComplete(store)
    return store
  } catch (error) {
    if (!isDamage(error)) throw error
    setAside((error as Error).message)
    // the old file stays open under its new name until then
    void store?.close()
    return new LmdbStore(directory)
  }
}

function assertComplete(store: LmdbStore): void {
  let count = 0
  for (const _ of store.entries()) count += 1
  const { entries } = store.stats()
  if (count < entries) throw new Error(`MDB_CORRUPTED: ${entries - count} of ${entries} entries are missing`)
}

function putAside(file: string, why: string, warn: (message: string) => void): void {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, '')
  const aside = `${file}.damaged-${stamp}-${process.pid}`
  renameSync(file, aside)
  warn(`${file} is damaged (${why}): kept as ${aside}, starting with an empty store`)
}

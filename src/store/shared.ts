import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { GreyctlError } from '../errors.js'
import { AttendedStore, reachAttendant } from './attendant.js'
import { controlPath } from './control.js'
import { JournaledStore } from './journaled.js'
import { LmdbStore } from './lmdb.js'
import { inspectFile } from './lmdb-file.js'
import { JournalTaken } from './segment.js'
import { journalHolds } from './segments.js'
import type { Store } from './store.js'

export type Access = 'read' | 'write'

/** Milliseconds that a daemon gets to begin or end, when it has the journal but nobody to ask. */
const PATIENCE = 3000
/** Milliseconds between two tries. */
const RETRY = 100

/**
 * The daemon's store, for another process. A running daemon is asked to do what is to be changed, and to write down first
 * what it learned; where none runs, the journal is taken in before anything is read or changed, as the daemon would at
 * its start. Never mends or puts aside a file: that is the daemon's business. Everything happens as the directory's
 * owner, so that each file stays the daemon's. Throws GreyctlError('store-failed' | 'needs-root').
 */
export async function withSharedStore<T>(
  directory: string,
  access: Access,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const found = statSync(directory, { throwIfNoEntry: false })
  if (!found?.isDirectory()) throw noStore(directory)
  return asUser(found.uid, found.gid, async () => {
    const store = await open(directory, access)
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  })
}

async function open(directory: string, access: Access): Promise<Store> {
  const path = join(directory, 'data.mdb')
  try {
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (cause) {
    const message = `only root, or the daemon's user, may ${access === 'read' ? 'read' : 'change'} the store`
    throw new GreyctlError('needs-root', message, {
      where: directory,
      hints: ['run it again as root, or with sudo'],
      cause,
    })
  }
  if (access === 'read' && statSync(path, { throwIfNoEntry: false }) === undefined) throw noStore(path)
  const file = inspectFile(path)
  if (file.state === 'damaged') {
    throw new GreyctlError('store-failed', `the store is damaged: ${file.why}`, {
      where: path,
      hints: ['restart the daemon: it keeps this file under another name and begins a new one'],
    })
  }
  for (let waited = 0; waited <= PATIENCE; waited += RETRY) {
    const daemon = await reachAttendant(directory)
    if (daemon !== undefined) return new AttendedStore(new LmdbStore(directory, { readOnly: true }), daemon)
    if (access === 'read' && !journalHolds(directory)) return new LmdbStore(directory, { readOnly: true })
    const store = alone(directory)
    if (store !== undefined) return store
    await new Promise((resolve) => setTimeout(resolve, RETRY))
  }
  // it knows more than the file: a second's worth
  if (access === 'read') return new LmdbStore(directory, { readOnly: true })
  throw new GreyctlError('store-failed', 'a daemon has the store open, but cannot be asked to change it', {
    where: controlPath(directory),
    hints: ['restart it: systemctl restart greyctl', 'its log says why it does not listen there'],
  })
}

/** undefined while a daemon has the journal. */
function alone(directory: string): Store | undefined {
  const file = new LmdbStore(directory)
  try {
    return new JournaledStore(file, directory, { durability: 'strict', patience: 0, warn: () => {} })
  } catch (error) {
    void file.close()
    if (error instanceof JournalTaken) return undefined
    throw error
  }
}

function noStore(where: string): GreyctlError {
  return new GreyctlError('store-failed', 'there is no store', {
    where,
    hints: [
      'the daemon makes it when it starts: greyctl install, or systemctl start greyctl',
      'name another with --store lmdb:DIR',
    ],
  })
}

/** Root becomes the owner for so long; anybody else stays who they are. */
async function asUser<T>(uid: number, gid: number, work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0 || uid === 0) return work()
  process.setegid?.(gid)
  process.seteuid?.(uid)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
    process.setegid?.(0)
  }
}

import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { GreyctlError } from '../errors.js'
import { LmdbStore } from './lmdb.js'
import { inspectFile } from './lmdb-file.js'
import type { Store } from './store.js'

export type Access = 'read' | 'write'

/**
 * The daemon's store, for another process beside it: LMDB lets one write while others read, and writers take turns. What
 * the daemon learned in the last tenth of a second, under load in the last second, may be missing. Never mends or puts aside a file: that is the
 * daemon's business. Everything happens as the directory's owner, so that each file stays the daemon's.
 * Throws GreyctlError('store-failed' | 'needs-root').
 */
export async function withSharedStore<T>(
  directory: string,
  access: Access,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const found = statSync(directory, { throwIfNoEntry: false })
  if (!found?.isDirectory()) throw noStore(directory)
  return asUser(found.uid, found.gid, async () => {
    const store = open(directory, access)
    try {
      return await work(store)
    } finally {
      await store.close()
    }
  })
}

function open(directory: string, access: Access): Store {
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
  return new LmdbStore(directory, { readOnly: access === 'read' })
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

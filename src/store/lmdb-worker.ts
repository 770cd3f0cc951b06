import { isMainThread, parentPort } from 'node:worker_threads'
import { CLIENT, SEAL } from '../greylist/key.js'
import { type Expiry, GONE } from '../greylist/record.js'
import { decodeChanges } from './change-bytes.js'
import { LmdbStore } from './lmdb.js'
import type { Change } from './store.js'

/** What lmdb-thread.ts asks of this thread. One store at a time. */
export type ThreadOrder =
  | { readonly do: 'open'; readonly directory: string }
  /** As encodeChanges wrote them. */
  | { readonly do: 'apply'; readonly changes: readonly Uint8Array[] }
  | { readonly do: 'expire'; readonly expiry: Expiry; readonly budgetMs: number }
  | { readonly do: 'note'; readonly filter: SharedArrayBuffer; readonly budgetMs: number }
  | { readonly do: 'close' }

export type ThreadAnswer = { readonly value: unknown } | { readonly error: string }

let store: LmdbStore | undefined

async function obey(order: ThreadOrder): Promise<unknown> {
  if (order.do === 'open') {
    store = new LmdbStore(order.directory)
    return undefined
  }
  if (store === undefined) throw new Error('the store is closed')
  if (order.do === 'expire') return store.expire(order.expiry, order.budgetMs)
  if (order.do === 'apply') return store.apply(order.changes.flatMap(changesIn))
  if (order.do === 'note') return store.scanKeys(order.filter, order.budgetMs)
  const closed = store
  store = undefined
  return closed.close()
}

function changesIn({ buffer, byteOffset, byteLength }: Uint8Array): readonly Change[] {
  const changes: Change[] = []
  if (!decodeChanges(Buffer.from(buffer, byteOffset, byteLength), changes))
    throw new Error('changes are cut off')
  return changes
}

/** Of a program by itself (suspicion.ts): reads all of a store, and writes to it. An error is found by the daemon, too. */
function examine(directory: string): void {
  try {
    const suspect = new LmdbStore(directory)
    for (const _ of suspect.entries());
    const probe = `${CLIENT}${SEAL}`
    suspect.putMany([[probe, GONE]])
    suspect.removeMany([probe])
  } catch {
    // it did not end the process
  }
}

if (isMainThread) {
  examine(process.argv[2] ?? '')
} else {
  let before: Promise<unknown> = Promise.resolve()
  parentPort?.on('message', (order: ThreadOrder) => {
    before = before
      .then(() => obey(order))
      .then(
        (value): ThreadAnswer => ({ value }),
        (error: Error): ThreadAnswer => ({ error: error.message }),
      )
      .then((answer) => parentPort?.postMessage(answer))
  })
}

import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import {
  CONTROL_BATCH,
  type Configuration,
  type ControlAnswer,
  type ControlRequest,
  controlPath,
  encodeLine,
} from './control.js'
import type { LmdbStore } from './lmdb.js'
import type { Awaitable, Entry, Expired, Store, StoreStats } from './store.js'

/** Milliseconds: a daemon that is well answers within a flush of the disk, or a move to the file. */
const SLOWEST_ANSWER = 30_000

type ControlDone = Exclude<ControlAnswer, { readonly error: string }>

/** The daemon that has a store open, as another process reaches it. */
export interface Attendant {
  /** Rejects with what the daemon says is wrong, or when it does not answer. */
  ask(request: ControlRequest): Promise<ControlDone>
  end(): void
}

/** undefined: no daemon listens there. Rejects when one does that may not be asked. */
export async function reachAttendant(directory: string): Promise<Attendant | undefined> {
  const socket = await connected(controlPath(directory))
  if (socket === undefined) return undefined
  let waiting: ((answer: ControlAnswer) => void) | undefined
  const give = (answer: ControlAnswer) => {
    waiting?.(answer)
    waiting = undefined
  }
  createInterface({ input: socket }).on('line', (line) => give(JSON.parse(line) as ControlAnswer))
  socket.on('error', () => {})
  socket.once('close', () => give({ error: 'the daemon ended before it answered' }))
  return {
    async ask(request) {
      const answer = await new Promise<ControlAnswer>((resolve) => {
        waiting = resolve
        const late = { error: `the daemon did not answer within ${SLOWEST_ANSWER / 1000} s` }
        setTimeout(resolve, SLOWEST_ANSWER, late).unref()
        if (socket.closed) give({ error: 'the daemon ended' })
        else socket.write(encodeLine(request))
      })
      if ('error' in answer) throw new Error(answer.error)
      return answer
    },
    end: () => socket.destroy(),
  }
}

/** By which rules the daemon decides that has the store open there; undefined: none does. Rejects as reachAttendant. */
export async function askConfiguration(directory: string): Promise<Configuration | undefined> {
  const daemon = await reachAttendant(directory)
  try {
    return (await daemon?.ask({ do: 'configuration' }))?.configuration
  } finally {
    daemon?.end()
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // nothing there, or what a killed daemon left behind
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(undefined)
      else reject(error)
    })
  })
}

/**
 * The store of a running daemon: read from its file, once the daemon has moved there what it learned, and changed by
 * the daemon alone. So nothing that was on its way can undo a change, and nothing learned meanwhile is written over.
 */
export class AttendedStore implements Store {
  readonly #file: LmdbStore
  readonly #daemon: Attendant
  #settled = false

  constructor(file: LmdbStore, daemon: Attendant) {
    this.#file = file
    this.#daemon = daemon
  }

  /** As the file has them, with what the daemon knew at the first look: `putMany` judges by what it knows at that moment. */
  async getMany(keys: readonly string[]) {
    if (!this.#settled) await this.#settle()
    return this.#file.getMany(keys)
  }

  /** Joined with what the daemon knows of the same keys. */
  async putMany(entries: readonly Entry[]): Promise<void> {
    for (const some of batches(entries)) await this.#daemon.ask({ do: 'merge', entries: some })
  }

  async removeMany(keys: readonly string[]): Promise<void> {
    for (const some of batches(keys)) await this.#daemon.ask({ do: 'remove', keys: some })
  }

  async *entries(kind?: string): AsyncIterable<Entry> {
    await this.#settle()
    yield* this.#file.entries(kind)
  }

  expire(): Awaitable<Expired> {
    throw new Error('the daemon does the cleaning')
  }

  async stats(): Promise<StoreStats> {
    await this.#settle()
    return this.#file.stats()
  }

  async close(): Promise<void> {
    this.#daemon.end()
    await this.#file.close()
  }

  async #settle(): Promise<void> {
    await this.#daemon.ask({ do: 'settle' })
    this.#settled = true
    this.#file.refresh()
  }
}

function* batches<T>(all: readonly T[]): Iterable<readonly T[]> {
  for (let at = 0; at < all.length; at += CONTROL_BATCH) yield all.slice(at, at + CONTROL_BATCH)
}

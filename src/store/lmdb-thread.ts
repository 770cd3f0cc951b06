import { Worker } from 'node:worker_threads'
import type { ThreadAnswer, ThreadOrder } from './lmdb-worker.js'

/**
 * A thread that writes to and cleans a store, so that neither the transactions nor the garbage of either hold up who
 * answers mail: with 5 million expired triplets, the longest pause was 31 ms while the event loop did it itself.
 * It must be started before privileges are dropped, since it reads the program; it waits for no store until then.
 */
export class LmdbThread {
  readonly #worker: Worker
  /** Whether it runs, or cannot: resolves, never rejects. */
  readonly begun: Promise<void>
  readonly #warn: (message: string) => void
  #waiting: { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }[] = []
  #trouble: string | undefined

  constructor(warn: (message: string) => void, script: URL = new URL('lmdb-worker.js', import.meta.url)) {
    this.#warn = warn
    this.#worker = new Worker(script)
    this.#worker.unref()
    this.begun = new Promise((resolve) => {
      this.#worker.once('online', resolve)
      this.#worker.once('exit', () => resolve())
    })
    this.#worker.on('message', (answer: ThreadAnswer) => this.#answered(answer))
    this.#worker.on('error', (error) => this.#ended(error.message))
    this.#worker.on('exit', (code) => this.#ended(`exit code ${code}`))
  }

  /** One after the other, in the order of the calls. Rejects with what the store says, or when the thread is gone. */
  ask(order: ThreadOrder, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#trouble !== undefined) return Promise.reject(new Error(this.#trouble))
    return new Promise((resolve, reject) => {
      // a process that has nothing else to do waits for what is on its way
      if (this.#waiting.length === 0) this.#worker.ref()
      this.#waiting.push({ resolve, reject })
      this.#worker.postMessage(order, transfer)
    })
  }

  async end(): Promise<void> {
    this.#trouble ??= 'the thread that writes the store was ended'
    await this.#worker.terminate()
  }

  #answered(answer: ThreadAnswer): void {
    const asked = this.#waiting.shift()
    if (this.#waiting.length === 0) this.#worker.unref()
    if ('error' in answer) asked?.reject(new Error(answer.error))
    else asked?.resolve(answer.value)
  }

  #ended(why: string): void {
    if (this.#trouble === undefined) this.#warn(`the thread that writes the store ended: ${why}`)
    this.#trouble ??= 'the thread that writes the store ended: restart the daemon'
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(this.#trouble))
  }
}

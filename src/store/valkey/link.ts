import { connect } from './connect.js'
import type { ValkeyLocation } from './location.js'
import { type Lifetime, ValkeyStore } from './valkey.js'

/** Milliseconds until the next try: at once, then less and less often. */
const PAUSES = [100, 250, 500, 1000, 2000]
/** Milliseconds for a new connection, TLS and sentinels included; nobody waits for it. */
const CONNECT = 2000

export interface LinkOptions {
  readonly location: ValkeyLocation
  readonly lifetime: Lifetime
  /** Milliseconds within which a server must answer to be used. */
  readonly deadline: number
  /** Told when there is one, until `lost` asks for the next; and why no guesses can be made there (ValkeyStore). */
  readonly linked: (store: ValkeyStore, whyNoGuesses: string | undefined) => void
  /** Told why a try failed. */
  readonly failed: (error: Error) => void
}

/** Looks for the server until it can be used: connected, with rights, its memory not full, and fast enough. */
export class Link {
  readonly #options: LinkOptions
  #tries = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false
  #trying: Promise<void> | undefined

  constructor(options: LinkOptions) {
    this.#options = options
  }

  /** Resolves after the first try, whatever came of it. */
  begin(): Promise<void> {
    this.#trying ??= this.#try().finally(() => {
      this.#trying = undefined
    })
    return this.#trying
  }

  /** It cannot be used any more. `hasty`: a first failure after a long time, so that a moment may be enough. */
  lost(hasty: boolean): void {
    if (hasty) this.#tries = 0
    this.#later()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #later(): void {
    if (this.#closed) return
    clearTimeout(this.#timer)
    const pause = PAUSES[Math.min(this.#tries, PAUSES.length - 1)]
    this.#tries += 1
    this.#timer = setTimeout(() => void this.begin(), pause)
    this.#timer.unref()
  }

  async #try(): Promise<void> {
    const { location, lifetime, deadline, linked, failed } = this.#options
    let store: ValkeyStore | undefined
    try {
      store = new ValkeyStore(await connect(location, CONNECT), location, lifetime)
      await within(store.assertWritable(), deadline)
      const whyNoGuesses = await within(store.whyNoGuesses(), deadline)
      if (this.#closed) await store.close()
      else linked(store, whyNoGuesses)
    } catch (error) {
      await store?.close()
      failed(error as Error)
      this.#later()
    }
  }
}

/** Rejects when the time (milliseconds) is over. What came while this process itself was busy came in time. */
export function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`no answer within ${milliseconds} ms`))
    // timers come before what the sockets hold
    const late = setTimeout(() => setImmediate(fail), milliseconds)
    work.then(
      (value) => {
        clearTimeout(late)
        resolve(value)
      },
      (error: Error) => {
        clearTimeout(late)
        reject(error)
      },
    )
  })
}

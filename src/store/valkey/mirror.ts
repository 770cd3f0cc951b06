import type { Expiry, GreyRecord } from '../../greylist/record.js'
import type { Entry, Expired, LocalStore } from '../store.js'

/** Milliseconds that records gather before they are written. */
const GATHER = 1000
/** Records that wait at most: beyond, they are left out. It is a help, no memory that anybody relies on. */
const MOST_WAITING = 20_000

/** Records whose copy is known to be fresh, so that not every mail writes one; about 10 MB. */
const MOST_FRESH = 50_000

/**
 * A copy on this host of who has passed, as far as this daemon saw it, for the time in which the shared store cannot be
 * asked: then known senders still need not wait. Written aside; losing some of it costs a mail a minute.
 */
export class Mirror {
  readonly #store: LocalStore | undefined
  readonly #warn: (message: string) => void
  #fresh = new Map<string, number>()
  #waiting = new Map<string, GreyRecord | undefined>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #complained = false

  constructor(open: () => LocalStore, warn: (message: string) => void) {
    this.#warn = warn
    try {
      this.#store = open()
    } catch (error) {
      this.#complain(error as Error)
    }
  }

  get(keys: readonly string[]): readonly (GreyRecord | undefined)[] {
    const stored = this.#store?.getMany(keys) ?? []
    if (this.#waiting.size === 0) return stored
    return keys.map((key, at) => (this.#waiting.has(key) ? this.#waiting.get(key) : stored[at]))
  }

  note(entries: readonly Entry[]): void {
    for (const [key, record] of entries) this.noteOne(key, record)
  }

  noteOne(key: string, record: GreyRecord | undefined): void {
    if (record === undefined || record.count === 0 || this.#fresh.get(key) === record.last) return
    if (this.#fresh.size >= MOST_FRESH) this.#fresh.clear()
    this.#fresh.set(key, record.last)
    this.#change(key, record)
  }

  forget(keys: readonly string[]): void {
    for (const key of keys) {
      this.#fresh.delete(key)
      this.#change(key, undefined)
    }
  }

  async expire(expiry: Expiry, budgetMs: number): Promise<Expired> {
    return this.#store?.expire(expiry, budgetMs) ?? { removed: 0, done: true }
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#write()
    await this.#writing
    await this.#store?.close()
  }

  #complain(error: Error): void {
    if (!this.#complained) this.#warn(`known senders are not copied to this host: ${error.message}`)
    this.#complained = true
  }

  #change(key: string, record: GreyRecord | undefined): void {
    if (this.#store === undefined || this.#waiting.size >= MOST_WAITING) return
    this.#waiting.set(key, record)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#write()
    }, GATHER)
  }

  #write(): void {
    const changes = [...this.#waiting]
    this.#writing = this.#writing
      .then(() => this.#store?.apply(changes))
      .then(
        () => {
          for (const [key, record] of changes) {
            if (this.#waiting.get(key) === record) this.#waiting.delete(key)
          }
        },
        (error: Error) => {
          for (const [key] of changes) this.#waiting.delete(key)
          this.#complain(error)
        },
      )
  }
}

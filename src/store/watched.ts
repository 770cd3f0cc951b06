import { JournaledStore, type JournalOptions } from './journaled.js'
import type { Life } from './lives.js'
import type { LocalStore } from './store.js'

/** A store of which it is told when it was closed as it should. */
export class WatchedStore extends JournaledStore {
  readonly #life: Life | undefined

  constructor(base: LocalStore, directory: string, options: JournalOptions, life: Life | undefined) {
    super(base, directory, options)
    this.#life = life
  }

  override async close(): Promise<void> {
    await super.close()
    this.#life?.end()
  }
}

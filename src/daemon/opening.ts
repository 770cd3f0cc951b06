import type { GreyctlError } from '../errors.js'
import type { LmdbThread } from '../store/lmdb-thread.js'
import { openStore } from '../store/open.js'
import { ReopeningStore } from '../store/reopening.js'
import type { Store } from '../store/store.js'
import type { Lifetime } from '../store/valkey/valkey.js'
import type { DaemonOptions } from './options.js'
import { type Sealer, sealer } from './privacy.js'

export interface Memory {
  /** Throws at each call while it is not open. */
  readonly store: Store
  /** With --privacy, what seals the keys, as soon as the store is open. */
  seal(): Sealer | undefined
  /** Resolves before the first call that does not throw. */
  readonly opened: Promise<void>
}

export interface OpeningParts {
  readonly warn: (message: string) => void
  /** How long a shared store keeps a record. */
  readonly lifetime: Lifetime
  /** That writes the store of this machine. */
  readonly thread?: LmdbThread | undefined
  /** Instead of the store that the options name. */
  readonly given?: Store | undefined
}

/**
 * The store that the options name (or `given`). Mail goes on without it, and without the key of --privacy, and is
 * greylisted when both are there: nothing is ever written in clear that should be sealed.
 */
export async function openPatiently(
  { store: spec, durability, privacy }: DaemonOptions,
  { warn, lifetime, thread, given }: OpeningParts,
): Promise<Memory> {
  let seal: Sealer | undefined
  const shared = async () => {
    if (given !== undefined || spec.kind !== 'valkey') return given
    // its client takes 70 ms to load
    const { openShared } = await import('../store/valkey/open.js')
    return openShared(spec, { durability, warn, lifetime })
  }
  const ready = await shared()
  const open = (patience?: number) => {
    seal = privacy ? sealer(spec) : undefined
    if (ready !== undefined || spec.kind === 'valkey') return ready as Store
    return openStore(spec, { durability, warn, thread, ...(patience === undefined ? {} : { patience }) })
  }
  try {
    return { store: open(), seal: () => seal, opened: Promise.resolve() }
  } catch (error) {
    const { message, where } = error as GreyctlError
    warn(`${message} (${where}): nobody is greylisted until it can`)
    let announce = () => {}
    const opened = new Promise<void>((resolve) => {
      announce = resolve
    })
    const store = new ReopeningStore(
      () => open(0),
      error as Error,
      () => {
        warn('the store is open, greylisting begins')
        announce()
      },
    )
    return { store, seal: () => seal, opened }
  }
}

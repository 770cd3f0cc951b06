import type { Policy } from '../greylist/policy.js'
import type { Store } from '../store/store.js'
import type { Log } from './log.js'

/** Milliseconds of each slice: with the pauses between, cleaning takes no more than a tenth of the time. */
const BUDGET = 5

/** Milliseconds. */
export interface CleaningTimes {
  /** From the start to the first round: a daemon that is restarted every hour cleans too. */
  readonly first?: number
  /** Between two rounds through the whole store. */
  readonly round?: number
  /** Between two slices of one. */
  readonly pause?: number
}

/** Removes expired records, in slices, an hour after the last round. Returns how to stop it. */
export function startCleaning(
  store: Store,
  policy: () => Policy,
  clock: () => number,
  log: Log,
  { first = 60_000, round = 3_600_000, pause = 50 }: CleaningTimes = {},
): () => void {
  let timer: NodeJS.Timeout
  let removed = 0
  const slice = async () => {
    let wait = round
    try {
      const { maxAge, retryWindow, seal } = policy()
      const now = Math.floor(clock() / 1000)
      const result = await store.expire({ maxAge, retryWindow, now, sealed: seal !== undefined }, BUDGET)
      removed += result.removed
      if (!result.done) wait = pause
      else if (removed > 0) {
        log.line(`cleaning finished: ${removed} expired entries removed`)
        removed = 0
      }
    } catch (error) {
      log.rarely('cleaning', `warning: cleaning the store failed: ${(error as Error).message}`)
    }
    timer = setTimeout(slice, wait)
    timer.unref()
  }
  timer = setTimeout(slice, first)
  timer.unref()
  return () => clearTimeout(timer)
}

import type { Story } from '../life.js'
import type { Tally } from './shape.js'

export type Outcome = keyof Pick<Tally, 'cameBack' | 'elsewhere' | 'waiting' | 'neverCameBack'>

/**
 * Seconds before the end of the log in which nobody is said to be gone. RFC 5321 §4.5.4.1 wants retries after 30 minutes
 * at least; real ones that are still coming have come by then, but for a few.
 */
export const WAITING_SECONDS = 6 * 3600

/** What became of a triplet. `until`: seconds since the epoch up to which retries could have been seen. */
export function outcomeOf(story: Story, until: number | undefined): Outcome {
  if (story.passed) return 'cameBack'
  if (story.elsewhereAt !== undefined) return 'elsewhere'
  const last = story.lastDeferredAt ?? story.deferredAt
  const mayCome = last !== undefined && until !== undefined && until - last < WAITING_SECONDS
  return mayCome ? 'waiting' : 'neverCameBack'
}

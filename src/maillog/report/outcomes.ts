import type { Story } from '../life.js'
import { pairKey } from '../triplet.js'
import type { Tally } from './shape.js'

export type Outcome = keyof Pick<Tally, 'cameBack' | 'elsewhere' | 'waiting' | 'neverCameBack'>

/**
 * Seconds before the end of the log in which nobody is said to be gone. RFC 5321 §4.5.4.1 wants retries after 30 minutes
 * at least; real ones that are still coming have come by then, but for a few.
 */
export const WAITING_SECONDS = 6 * 3600

/**
 * Says what became of a triplet. Needs all stories first: a pool's mail is accepted from another network. `until`:
 * seconds since the epoch up to which retries could have been seen.
 */
export function outcomesOf(stories: readonly Story[], until: number | undefined): (story: Story) => Outcome {
  const acceptedAt = new Map<string, number>()
  for (const { passed, passedAt, sender, recipient } of stories) {
    // two servers that bounce to the same address have nothing to do with each other
    if (!passed || sender === '') continue
    const key = pairKey(sender, recipient)
    acceptedAt.set(key, Math.max(acceptedAt.get(key) ?? 0, passedAt ?? 0))
  }
  return (story) => {
    if (story.passed) return 'cameBack'
    const { sender, recipient, deferredAt, lastDeferredAt } = story
    const other = sender === '' ? undefined : acceptedAt.get(pairKey(sender, recipient))
    if (other !== undefined && other >= (deferredAt ?? 0)) return 'elsewhere'
    const last = lastDeferredAt ?? deferredAt
    return last !== undefined && until !== undefined && until - last < WAITING_SECONDS
      ? 'waiting'
      : 'neverCameBack'
  }
}

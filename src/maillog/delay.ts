import type { Stories } from './story.js'

/** Seconds: postgrey's delay, assumed where neither early retries nor passes tell the real one. */
const ASSUMED_DELAY = 300

/** Seconds a first mail has to wait here: as early retries were told, else the shortest wait that ended. */
export function delayOf({ configuredDelay, totals }: Stories): number {
  return configuredDelay ?? totals.shortestDelay ?? ASSUMED_DELAY
}

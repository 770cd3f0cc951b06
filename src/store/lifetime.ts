import type { Policy } from '../greylist/policy.js'
import { lastSecond } from '../greylist/record.js'

/** Seconds a little longer than clocks may differ. */
const SLACK = 60

/** Seconds that a record is kept by a store that forgets by itself: as long as it says something, and a minute more. */
export function lifetime(
  key: string,
  record: Parameters<typeof lastSecond>[1],
  rules: Pick<Policy, 'maxAge' | 'retryWindow'>,
  now: number,
): number {
  return Math.max(1, lastSecond(key.charAt(0), record, rules) - now + SLACK)
}

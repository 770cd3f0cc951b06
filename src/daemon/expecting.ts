import { keyOfAnswer } from '../greylist/correspondent.js'
import type { Known } from '../greylist/decide.js'
import { expectationKeys, isExpected, isOwn } from '../greylist/expected.js'
import { CORRESPONDENT, SEAL } from '../greylist/key.js'
import type { Policy } from '../greylist/policy.js'
import type { Pool } from '../greylist/pool.js'
import type { GreyRecord } from '../greylist/record.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Store } from '../store/store.js'

/** A request that has records, and whose client belongs to these pools. */
interface Asked {
  readonly request: PolicyRequest
  readonly pools: readonly Pool[]
  expected?: Known['expected']
}

interface Lookup {
  readonly store: Store
  readonly policy: Policy
  readonly any: boolean
  /** Seconds. */
  readonly now: (request: PolicyRequest) => number
}

/** A key under which nothing is. */
const NOTHING = `${CORRESPONDENT}${SEAL}`

/**
 * Marks the requests that somebody waits for (`any`: there are such), or to whose sender somebody wrote, then calls `done`:
 * at once where the store answers at once. Throws, or calls `fail`, when the store does not answer.
 */
export function markExpected(
  asked: readonly Asked[],
  { store, policy, any, now }: Lookup,
  done: () => void,
  fail: (error: Error) => void,
): void {
  const keys = asked.map(({ request }) => {
    const answer = policy.outbound && keyOfAnswer(request, policy.seal)
    return [answer ?? NOTHING, ...(any ? expectationKeys(request, policy.seal) : [])]
  })
  const mark = (records: readonly (GreyRecord | undefined)[]) => {
    let place = 0
    for (const [index, one] of asked.entries()) {
      const end = place + (keys[index]?.length ?? 0)
      one.expected = reasonOf(records.slice(place, end), one, policy, now(one.request))
      place = end
    }
    done()
  }
  const read = store.getMany(keys.flat())
  if (read instanceof Promise) read.then(mark).catch(fail)
  else mark(read)
}

/** `records`: of the correspondence, then of the expectations. */
function reasonOf(
  [correspondence, ...expectations]: readonly (GreyRecord | undefined)[],
  asked: Asked,
  policy: Policy,
  now: number,
): Known['expected'] {
  if (isExpected(expectations, asked.request, asked.pools, now)) return 'expected sender'
  return correspondentOf(correspondence, asked, policy, now)
}

/** `correspondence`: what is known of somebody who wrote to the sender. */
export function correspondentOf(
  correspondence: GreyRecord | undefined,
  { request, pools }: Asked,
  { outbound }: Policy,
  now: number,
): Known['expected'] {
  if (outbound === undefined || correspondence === undefined || correspondence.last < now) return undefined
  return outbound.verified && !isOwn(request.sender, pools) ? undefined : 'correspondent'
}

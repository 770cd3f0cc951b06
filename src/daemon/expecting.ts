import { expectationKeys, isExpected } from '../greylist/expected.js'
import type { Policy } from '../greylist/policy.js'
import type { Pool } from '../greylist/pool.js'
import type { GreyRecord } from '../greylist/record.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Store } from '../store/store.js'

/** A request that has records, and whose client belongs to these pools. */
interface Asked {
  readonly request: PolicyRequest
  readonly pools: readonly Pool[]
  expected?: boolean
}

/**
 * Marks the requests that somebody waits for, then calls `done`: at once where the store answers at once. Asked only
 * while anything is expected (EXPECTATIONS in greylist/expected.ts). Throws, or calls `fail`, when the store does not answer.
 */
export function markExpected(
  asked: readonly Asked[],
  { store, policy, now }: { store: Store; policy: Policy; now: (request: PolicyRequest) => number },
  done: () => void,
  fail: (error: Error) => void,
): void {
  const keys = asked.map(({ request }) => expectationKeys(request, policy.seal))
  const mark = (records: readonly (GreyRecord | undefined)[]) => {
    let place = 0
    for (const [index, one] of asked.entries()) {
      const end = place + (keys[index]?.length ?? 0)
      one.expected = isExpected(records.slice(place, end), one.request, one.pools, now(one.request))
      place = end
    }
    done()
  }
  const read = store.getMany(keys.flat())
  if (read instanceof Promise) read.then(mark).catch(fail)
  else mark(read)
}

import { keyOfOutbound, written } from '../greylist/correspondent.js'
import type { Outbound, Policy } from '../greylist/policy.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Engine } from './engine.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Pools } from './pools.js'

/** Learned in an hour at most: an account in the wrong hands writes to millions. */
const MOST_AN_HOUR = 10_000
/** Milliseconds. */
const HOUR = 3_600_000

export interface CorrespondentParts {
  readonly engine: Pick<Engine, 'change'>
  readonly policy: () => Policy
  /** Milliseconds. */
  readonly clock: () => number
  readonly log: Log
  readonly metrics: Metrics
  readonly pools: Pools | undefined
}

/** Remembers to whom own users write. Aside: no answer waits for it, and what goes wrong is a warning. */
export class Correspondents {
  readonly #parts: CorrespondentParts
  #hour = 0
  #learnedInHour = 0

  constructor(parts: CorrespondentParts) {
    this.#parts = parts
  }

  /** Of a request that is known to be outbound (isOutbound). */
  learn(request: PolicyRequest, outbound: Outbound): void {
    const { engine, policy, clock, log, pools } = this.#parts
    const key = keyOfOutbound(request, policy().seal)
    if (key === undefined || !this.#mayLearn()) return
    pools?.prepare(request.recipient)
    const now = Math.floor(clock() / 1000)
    engine
      .change([key], (_, known) => {
        const record = written(known, outbound, now)
        if (record !== undefined && known === undefined) this.#count()
        return record ?? known
      })
      .catch((error: Error) =>
        log.rarely('outbound', `warning: a correspondent was not remembered: ${error.message}`),
      )
  }

  #mayLearn(): boolean {
    const hour = Math.floor(this.#parts.clock() / HOUR)
    if (hour !== this.#hour) this.#learnedInHour = 0
    this.#hour = hour
    if (this.#learnedInHour < MOST_AN_HOUR) return true
    this.#parts.log.rarely(
      'outbound',
      `warning: ${MOST_AN_HOUR} new correspondents within an hour: no more are learned in this one`,
    )
    return false
  }

  #count(): void {
    this.#learnedInHour += 1
    this.#parts.metrics.correspondents += 1
  }
}

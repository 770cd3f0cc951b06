import { type AddressBytes, parseAddress } from '../greylist/address.js'
import { type Decision, exemption, type Known } from '../greylist/decide.js'
import { type Keys, keysOf } from '../greylist/key.js'
import type { Policy } from '../greylist/policy.js'
import type { Pool } from '../greylist/pool.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Pools } from './pools.js'

/** What one connection asked at once, and where the answers go, in one piece. */
export interface Job {
  /** undefined: a request of another type, answered in its turn. */
  readonly requests: readonly (PolicyRequest | undefined)[]
  answer(replies: string): void
  /** When it came (performance.now()). */
  readonly received: number
}

/** A request in its turn. */
export interface Question {
  readonly request: PolicyRequest | undefined
  readonly address?: AddressBytes
  /** Of its client. */
  readonly pools: readonly Pool[]
  /** Where its records are; undefined when it needs none. */
  readonly keys: Keys | undefined
  /** Somebody waits for it, or wrote to its sender. */
  expected?: Known['expected']
  /** undefined: none was made, and nothing is known against the mail. */
  decision: Decision | undefined
}

export function hasRecords(question: Question): question is Question & { readonly request: PolicyRequest } {
  return question.keys !== undefined
}

/** A job in its turn. */
export class Work {
  readonly job: Job
  readonly questions: readonly Question[]
  /** Of each question that needs records, the triplet's and then the client's. */
  readonly keys: readonly string[]

  constructor(job: Job, policy: Policy, pools: Pools | undefined) {
    const keys: string[] = []
    this.job = job
    this.questions = job.requests.map((request) => {
      if (request === undefined) return { request, pools: [], keys: undefined, decision: undefined }
      const address = parseAddress(request.clientAddress)
      const decision = exemption(request, policy, address)
      if (decision !== undefined || address === undefined)
        return { request, pools: [], keys: undefined, decision }
      const belongs = pools?.of(request, address) ?? []
      const own = keysOf(request, address, policy, belongs)
      for (const key of own.triplets) keys.push(key)
      for (const key of own.clients) keys.push(key)
      return { request, address, pools: belongs, keys: own, decision }
    })
    this.keys = keys
  }
}

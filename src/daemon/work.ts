import { type AddressBytes, parseAddress } from '../greylist/address.js'
import { type Decision, exemption, type Known } from '../greylist/decide.js'
import { type Keys, keysOf } from '../greylist/key.js'
import type { Policy } from '../greylist/policy.js'
import type { Pool } from '../greylist/pool.js'
import type { GreyRecord } from '../greylist/record.js'
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
  readonly address: AddressBytes | undefined
  /** Of its client. */
  readonly pools: readonly Pool[]
  /** Where its records are; undefined when it needs none. */
  readonly keys: Keys | undefined
  /** What was read there, in the order of the keys; of the triplets, as many as it takes (records.ts). */
  triplets: readonly (GreyRecord | undefined)[]
  clients: readonly (GreyRecord | undefined)[]
  /** Somebody waits for it, or wrote to its sender. */
  expected: Known['expected']
  /** undefined: none was made, and nothing is known against the mail. */
  decision: Decision | undefined
  /** What the decision changes is committed already (guessing.ts). */
  settled: boolean
}

/** One that has records. */
export type Asked = Question & { readonly request: PolicyRequest; readonly keys: Keys }

export function hasRecords(question: Question): question is Asked {
  return question.keys !== undefined
}

export function askedOf(works: readonly Work[]): readonly Asked[] {
  const asked: Asked[] = []
  for (const { questions } of works)
    for (const question of questions) if (hasRecords(question)) asked.push(question)
  return asked
}

/** A job in its turn. */
export class Work {
  readonly job: Job
  readonly questions: readonly Question[]

  constructor(job: Job, policy: Policy, pools: Pools | undefined) {
    this.job = job
    this.questions = job.requests.map((request) => {
      if (request === undefined) return question(request)
      const address = parseAddress(request.clientAddress)
      const decision = exemption(request, policy, address)
      if (decision !== undefined || address === undefined) return question(request, address, decision)
      const belongs = pools?.of(request, address) ?? NONE
      const shared = pools?.shared(request, belongs)
      const keys = keysOf(request, address, policy, shared, shared && pools?.deserving(shared))
      return question(request, address, undefined, keys, belongs)
    })
  }
}

const NONE: readonly never[] = []

/** Of one shape, whatever is known: each further one costs all who read it. */
function question(
  request: PolicyRequest | undefined,
  address?: AddressBytes,
  decision?: Decision,
  keys?: Keys,
  pools: readonly Pool[] = NONE,
): Question {
  const [triplets, clients] = [NONE, NONE]
  return { request, address, pools, keys, triplets, clients, expected: undefined, decision, settled: false }
}

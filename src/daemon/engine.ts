import { parseAddress } from '../greylist/address.js'
import { type Decision, decideByRecords, exemption } from '../greylist/decide.js'
import { keysOf } from '../greylist/key.js'
import { actionLine, whitelistedLine } from '../greylist/logline.js'
import type { Policy } from '../greylist/policy.js'
import type { GreyRecord } from '../greylist/record.js'
import { DUNNO, deferReply, headerReply, type ReplyTexts } from '../greylist/reply.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Store } from '../store/store.js'
import type { Log } from './log.js'

/** One request, and where its answer goes. */
export interface Job {
  /** undefined: a request of another type, answered in its turn. */
  readonly request: PolicyRequest | undefined
  answer(reply: string): void
}

export interface EngineOptions {
  readonly store: Store
  /** Asked once a turn: a reload takes effect at the next. */
  readonly policy: () => Policy
  readonly texts: ReplyTexts
  readonly log: Log
  readonly quiet: boolean
  /** Obey policy_test_time. */
  readonly testClock: boolean
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

/** However long a commit took, nobody waits longer than this for company (milliseconds). */
const MOST_PATIENCE = 2

/** Messages that got their header already: the last so many. Recipients of one message follow each other closely. */
const REMEMBERED_MESSAGES = 2000

/**
 * Answers requests in turns: all that came in one event-loop turn are decided in order over one read of the store,
 * what they change is committed at once, then they are answered. Whatever fails, the answer is DUNNO.
 */
export class Engine {
  readonly #options: EngineOptions
  readonly #headed = new Set<string>()
  #waiting: Job[] = []
  #scheduled = false
  /** Milliseconds to gather requests: what the last commit took, since the next will take no less. */
  #patience = 0

  constructor(options: EngineOptions) {
    this.#options = options
  }

  submit(job: Job): void {
    this.#waiting.push(job)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    const until = performance.now() + this.#patience
    setImmediate(() => this.#gather(0, until))
  }

  /** Goes round the event loop until no more requests come: each that comes along saves a flush of its own. */
  #gather(before: number, until: number): void {
    const count = this.#waiting.length
    if (count > before && performance.now() < until) {
      setImmediate(() => this.#gather(count, until))
      return
    }
    const jobs = this.#waiting
    this.#waiting = []
    this.#turn(jobs).finally(() => {
      this.#scheduled = false
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  async #turn(jobs: readonly Job[]): Promise<void> {
    const { log } = this.#options
    let outcomes: readonly Outcome[]
    try {
      outcomes = await this.#decideAll(jobs)
    } catch (error) {
      log.rarely('turn', `warning: not greylisting (answering DUNNO): ${(error as Error).message}`)
      outcomes = jobs.map(() => FAILED)
    }
    jobs.forEach((job, index) => {
      try {
        job.answer(this.#finish(job.request, outcomes[index] ?? FAILED))
      } catch (error) {
        log.rarely('answer', `warning: a request got no answer: ${(error as Error).message}`)
      }
    })
  }

  async #decideAll(jobs: readonly Job[]): Promise<readonly Outcome[]> {
    const { store } = this.#options
    const policy = this.#options.policy()
    const prepared = jobs.map(({ request }) => prepare(request, policy))
    const wanted = new Set<string>()
    for (const { keys } of prepared) {
      if (keys) wanted.add(keys.triplet).add(keys.client)
    }
    const known = await readAll(store, [...wanted])
    const changed = new Map<string, GreyRecord>()
    const outcomes = prepared.map(({ decision, keys }, index): Outcome => {
      if (keys === undefined) return { decision }
      const job = jobs[index]
      const records = { triplet: known.get(keys.triplet), client: known.get(keys.client) }
      const made = decideByRecords(records, policy, this.#now(job?.request))
      // later requests of this turn see what earlier ones wrote
      for (const [key, record] of [
        [keys.triplet, made.triplet],
        [keys.client, made.client],
      ] as const) {
        if (record === undefined) continue
        known.set(key, record)
        changed.set(key, record)
      }
      return { decision: made }
    })
    const begun = performance.now()
    if (changed.size > 0) await store.putMany([...changed])
    this.#patience = Math.min(MOST_PATIENCE, performance.now() - begun)
    return outcomes
  }

  #now(request: PolicyRequest | undefined): number {
    const { testClock, clock } = this.#options
    const test = testClock && request !== undefined ? /^\d{1,10}$/.exec(request.testTime) : null
    return test ? Number(test[0]) : Math.floor(clock() / 1000)
  }

  #finish(request: PolicyRequest | undefined, { decision }: Outcome): string {
    if (decision === undefined || request === undefined) return DUNNO
    const { log, quiet, texts, clock } = this.#options
    const header = decision.delaySeconds !== undefined && this.#firstOfMessage(request.instance)
    if (decision.nowWhitelisted) log.line(whitelistedLine(request))
    if (!quiet) log.line(actionLine(request, decision, header))
    if (decision.action === 'defer') return deferReply(texts, decision.waitSeconds ?? 0, request.recipient)
    return header ? headerReply(texts, decision.delaySeconds ?? 0, clock()) : DUNNO
  }

  /** The header goes to the first recipient only: each PREPEND would add one. */
  #firstOfMessage(instance: string): boolean {
    if (instance === '') return true
    if (this.#headed.has(instance)) return false
    this.#headed.add(instance)
    if (this.#headed.size > REMEMBERED_MESSAGES) {
      for (const oldest of this.#headed) {
        this.#headed.delete(oldest)
        break
      }
    }
    return true
  }
}

/** No decision: something failed. */
interface Outcome {
  readonly decision?: Decision | undefined
}

const FAILED: Outcome = {}

function prepare(request: PolicyRequest | undefined, policy: Policy) {
  if (request === undefined) return {}
  const decision = exemption(request, policy)
  const address = decision === undefined ? parseAddress(request.clientAddress) : undefined
  return { decision, keys: address && keysOf(request, address, policy) }
}

async function readAll(store: Store, keys: readonly string[]): Promise<Map<string, GreyRecord | undefined>> {
  const records = keys.length === 0 ? [] : await store.getMany(keys)
  return new Map(keys.map((key, index) => [key, records[index]]))
}

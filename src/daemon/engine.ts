import { changesOf, type Decision, decideByRecords, type Known, saysAll } from '../greylist/decide.js'
import { keysOf, TRIPLET } from '../greylist/key.js'
import { type Policy, policyFor } from '../greylist/policy.js'
import { GONE, type GreyRecord, isExpired } from '../greylist/record.js'
import { DUNNO } from '../greylist/reply.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Guesser, Store } from '../store/store.js'
import { Deadline } from './deadline.js'
import { markExpected } from './expecting.js'
import { readGuessing } from './guessing.js'
import type { Pools } from './pools.js'
import { readRecords } from './records.js'
import { Replies, type ReplyOptions } from './replies.js'
import { Unflushed } from './unflushed.js'
import { type Asked, askedOf, hasRecords, type Job, type Question, Work } from './work.js'

/** The policy is asked for once a turn: a reload takes effect at the next. */
export interface EngineOptions extends ReplyOptions {
  readonly store: Store
  /** Which pools clients belong to; without it each network stands for itself. */
  readonly pools?: Pools | undefined
  /** Obey policy_test_time. */
  readonly testClock: boolean
}

/**
 * Answers requests in turns: those that came in one event-loop turn are decided in order over one read of the store (a
 * read of its own for each takes half as much time again; a turn for every ten, a tenth). Whoever changes nothing is answered
 * without waiting; what all others change is committed together, then they are answered. The next turn does not wait
 * for that. Whatever fails, the answer is DUNNO.
 */
export class Engine {
  readonly #options: EngineOptions
  readonly #replies: Replies
  readonly #unflushed = new Unflushed()
  readonly #deadline = new Deadline()
  #waiting: Job[] = []
  /** Decided in this turn, to be committed at its end. */
  #changed = new Map<string, GreyRecord>()

  constructor(options: EngineOptions) {
    this.#options = options
    this.#replies = new Replies(options)
  }

  /**
   * Changes that no mail brings about: between two turns, so that a mail is judged before all of them or after. `after`
   * says what a record becomes: undefined takes it away, the same one leaves it. Resolves when all are committed.
   */
  async change(
    keys: readonly string[],
    after: (key: string, known: GreyRecord | undefined) => GreyRecord | undefined,
  ): Promise<void> {
    const { store } = this.#options
    const found = store.getMany(keys)
    const stored = found instanceof Promise ? await found : found
    const put = new Map<string, GreyRecord>()
    const gone = new Map<string, GreyRecord>()
    keys.forEach((key, at) => {
      const latest = this.#pending(key) ?? stored[at]
      const known = latest === GONE ? undefined : latest
      const record = after(key, known)
      if (record === known) return
      if (record === undefined) gone.set(key, GONE)
      else put.set(key, record)
    })
    await Promise.all([
      this.#sent(gone, gone.size > 0 ? store.removeMany([...gone.keys()]) : undefined),
      this.#sent(put, put.size > 0 ? store.putMany([...put]) : undefined),
    ])
  }

  /** Until they are committed, these count instead of what the store says. */
  #sent(records: ReadonlyMap<string, GreyRecord>, commit: void | Promise<void>): void | Promise<void> {
    if (commit !== undefined) this.#unflushed.add(records, commit)
    return commit
  }

  submit(job: Job): void {
    this.#waiting.push(job)
    if (this.#waiting.length === 1) setImmediate(() => this.#turn())
  }

  #turn(): void {
    const jobs = this.#waiting
    this.#waiting = []
    const fail = (error: Error) => this.#fail(jobs, error)
    try {
      const { store } = this.#options
      const policy = this.#options.policy()
      const works = jobs.map((job) => new Work(job, policy, this.#options.pools))
      const asked = askedOf(works)
      const { guesser } = store
      const any = guesser ? this.#readGuessing(guesser, asked, policy) : this.#read(asked, policy)
      const decide = (expectations: boolean) => {
        const decided = () => this.#decide(works, policy)
        // where guesses are made, those who wrote to a sender are read with all the rest
        if (!expectations && (guesser || !policy.outbound)) return decided()
        const open = asked.filter(({ settled }) => !settled)
        markExpected(open, { store, policy, any: expectations, now: this.#now }, decided, fail)
      }
      // a store of this machine answers at once: a promise for each turn would only cost time
      if (any instanceof Promise) any.then(decide).catch(fail)
      else decide(any)
    } catch (error) {
      fail(error as Error)
    }
  }

  #read(asked: readonly Asked[], policy: Policy): boolean | Promise<boolean> {
    const now = Math.floor(this.#options.clock() / 1000)
    return readRecords(this.#options.store, asked, (key, record) => {
      return !this.#options.testClock && this.#pending(key) === undefined && saysAll(record, policy, now)
    })
  }

  #readGuessing(guesser: Guesser, asked: readonly Asked[], policy: Policy): Promise<boolean> {
    const isPending = (key: string) => this.#pending(key) !== undefined
    return readGuessing(guesser, asked, { policy, now: this.#now, isPending })
  }

  #decide(works: readonly Work[], policy: Policy): void {
    const late: Work[] = []
    for (const work of works) {
      let waits = false
      for (const question of work.questions) {
        if (!hasRecords(question)) continue
        if (question.settled) {
          this.#learnPool(question, question.decision, policy)
          continue
        }
        const { keys, request } = question
        // what was decided before is newer than what was read
        const known = this.#pendingOf(question)
        waits ||= known !== undefined
        const made = decideByRecords(
          known ?? question,
          policyFor(policy, request.recipient),
          this.#now(request),
        )
        for (const [key, record] of changesOf(made, keys)) {
          this.#changed.set(key, record)
          waits = true
        }
        this.#learnPool(question, made, policy)
        question.decision = made
      }
      if (waits) late.push(work)
      else this.#answer(work)
    }
    if (late.length > 0) this.#commit(late)
  }

  /** The DNS may tell later that the client belongs to a pool: from then on the mail is known to all of it. */
  #learnPool({ request, address }: Question, decision: Decision | undefined, policy: Policy): void {
    const triplet = decision?.reason === 'new' ? decision.triplet : undefined
    if (request === undefined || address === undefined || triplet === undefined) return
    this.#options.pools?.learn(request, address, (pool) => {
      const [key = '', own = ''] = keysOf(request, address, policy, [pool]).triplets
      this.#rememberNew(key, own, triplet, policy).catch((error: Error) =>
        this.#options.log.rarely('pool', `warning: a pool was not remembered: ${error.message}`),
      )
    })
  }

  /** `own`: the triplet's key without the pool. What was forgotten meanwhile stays so. */
  async #rememberNew(key: string, own: string, triplet: GreyRecord, policy: Policy): Promise<void> {
    const [original] = await this.#options.store.getMany([own])
    const forgotten = (this.#pending(own) ?? original ?? GONE) === GONE
    if (forgotten) return
    await this.change([key], (_, known) => {
      const says = known !== undefined && !isExpired(TRIPLET, known, policy, triplet.first)
      return says ? known : triplet
    })
  }

  #commit(late: readonly Work[]): void {
    const changed = this.#changed
    this.#changed = new Map()
    const answer = () => {
      for (const work of late) this.#answer(work)
    }
    const fail = (error: Error) => {
      const jobs = late.map(({ job }) => job)
      this.#fail(jobs, error)
    }
    try {
      const commit = changed.size > 0 ? this.#options.store.putMany([...changed]) : this.#unflushed.settled
      if (commit === undefined) {
        answer()
        return
      }
      if (changed.size > 0) this.#sent(changed, commit)
      this.#deadline.watch(commit, late[0]?.job.received ?? 0, answer, fail)
    } catch (error) {
      fail(error as Error)
    }
  }

  /** What is known of it with what is not committed yet; undefined: nothing of that concerns it. */
  #pendingOf(question: Asked): Known | undefined {
    const { keys, expected } = question
    if (this.#changed.size === 0 && this.#unflushed.size === 0) return undefined
    if (![...keys.triplets, ...keys.clients].some((key) => this.#pending(key) !== undefined)) return undefined
    return {
      triplets: keys.triplets.map((key, at) => this.#pending(key) ?? question.triplets[at]),
      clients: keys.clients.map((key, at) => this.#pending(key) ?? question.clients[at]),
      expected,
    }
  }

  /** What was decided, but is not committed yet. */
  #pending(key: string): GreyRecord | undefined {
    // a new key's first look-up in a map costs its hash; mostly there is nothing to find
    if (this.#changed.size === 0 && this.#unflushed.size === 0) return undefined
    return this.#changed.get(key) ?? this.#unflushed.get(key)
  }

  #answer({ job, questions }: Work): void {
    let replies = ''
    for (const question of questions) replies += this.#replies.to(question)
    this.#send(job, replies)
    this.#options.metrics.answered(questions.length, performance.now() - job.received)
  }

  /** One connection that cannot be written to must not cost the others their answers. */
  #send({ answer }: Job, replies: string): void {
    try {
      answer(replies)
    } catch (error) {
      this.#options.log.rarely('send', `warning: an answer could not be sent: ${(error as Error).message}`)
    }
  }

  #fail(jobs: readonly Job[], error: Error): void {
    this.#options.log.rarely('turn', `warning: not greylisting (answering DUNNO): ${error.message}`)
    for (const job of jobs) {
      this.#options.metrics.failedOpen += job.requests.length
      this.#send(job, DUNNO.repeat(job.requests.length))
    }
  }

  readonly #now = (request: PolicyRequest): number => {
    const { testClock, clock } = this.#options
    const test = testClock ? /^\d{1,10}$/.exec(request.testTime) : null
    return test ? Number(test[0]) : Math.floor(clock() / 1000)
  }
}

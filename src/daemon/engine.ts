import { parseAddress } from '../greylist/address.js'
import { isOutbound } from '../greylist/correspondent.js'
import { changesOf, decideByRecords, saysAll } from '../greylist/decide.js'
import { keysOf, TRIPLET } from '../greylist/key.js'
import type { LogLines } from '../greylist/logline.js'
import { type Outbound, type Policy, policyFor } from '../greylist/policy.js'
import { GONE, type GreyRecord, isExpired } from '../greylist/record.js'
import { DUNNO, deferReply, headerReply, type ReplyTexts } from '../greylist/reply.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Store } from '../store/store.js'
import { markExpected } from './expecting.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Pools } from './pools.js'
import { readRecords } from './records.js'
import { Unflushed } from './unflushed.js'
import { type Asked, hasRecords, type Job, type Question, Work } from './work.js'

export interface EngineOptions {
  readonly store: Store
  /** Asked once a turn: a reload takes effect at the next. */
  readonly policy: () => Policy
  /** Which pools clients belong to; without it each network stands for itself. */
  readonly pools?: Pools | undefined
  readonly texts: () => ReplyTexts
  readonly log: Log
  readonly metrics: Metrics
  /** How decisions are written. */
  readonly lines: LogLines
  /** Told of mail that own users send. */
  readonly written?: (request: PolicyRequest, outbound: Outbound) => void
  readonly quiet: () => boolean
  /** Obey policy_test_time. */
  readonly testClock: boolean
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

/** Messages that got their header already: the last so many. Recipients of one message follow each other closely. */
const REMEMBERED_MESSAGES = 2000

/**
 * Requests decided together at most, where the store answers at once: while the server works on the next ones, clients read
 * these answers. One by one, each answer wakes its reader (22 µs a request, where ten together take 17); all of a turn
 * together, server and clients wait for each other.
 */
const TOGETHER = 10

/**
 * Answers requests in turns: those that came in one event-loop turn are decided in order over one read of the store (a
 * read of its own for each takes half as much time again). Whoever changes nothing is answered without waiting; what
 * all others change is committed together, then they are answered. The next turn does not wait for that. Whatever
 * fails, the answer is DUNNO.
 */
export class Engine {
  readonly #options: EngineOptions
  readonly #headed = new Set<string>()
  /** The last deferral, since most wait for as long as the one before. */
  #deferral: { readonly texts: ReplyTexts; readonly seconds: number; readonly reply: string } | undefined
  readonly #unflushed = new Unflushed()
  #waiting: Job[] = []
  #turnSoon: NodeJS.Immediate | undefined
  /** Decided in this turn, to be committed at its end. */
  #changed = new Map<string, GreyRecord>()

  constructor(options: EngineOptions) {
    this.#options = options
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
    if (this.#waiting.length >= TOGETHER && this.#options.store.immediate) this.#turn()
    else this.#turnSoon ??= setImmediate(() => this.#turn())
  }

  #turn(): void {
    clearImmediate(this.#turnSoon)
    this.#turnSoon = undefined
    const jobs = this.#waiting
    this.#waiting = []
    const fail = (error: Error) => this.#fail(jobs, error)
    try {
      const policy = this.#options.policy()
      const works = jobs.map((job) => new Work(job, policy, this.#options.pools))
      const asked = askedOf(works)
      const now = Math.floor(this.#options.clock() / 1000)
      const any = readRecords(this.#options.store, asked, (key, record) => {
        return !this.#options.testClock && this.#pending(key) === undefined && saysAll(record, policy, now)
      })
      const decide = (expectations: boolean) => {
        const decided = () => this.#decide(works, policy)
        if (expectations || policy.outbound) this.#markExpected(asked, policy, expectations, decided, fail)
        else decided()
      }
      // a store of this machine answers at once: a promise for each turn would only cost time
      if (any instanceof Promise) any.then(decide).catch(fail)
      else decide(any)
    } catch (error) {
      fail(error as Error)
    }
  }

  #markExpected(
    asked: readonly Asked[],
    policy: Policy,
    any: boolean,
    done: () => void,
    fail: (error: Error) => void,
  ): void {
    const { store } = this.#options
    markExpected(asked, { store, policy, any, now: (request) => this.#now(request) }, done, fail)
  }

  #decide(works: readonly Work[], policy: Policy): void {
    const late: Work[] = []
    let waits = false
    // what was decided before is newer than what was read
    const latest = (stored: GreyRecord | undefined, key: string | undefined) => {
      const pending = this.#pending(key ?? '')
      if (pending === undefined) return stored
      waits = true
      return pending
    }
    for (const work of works) {
      waits = false
      for (const question of work.questions) {
        if (!hasRecords(question)) continue
        const { keys, expected } = question
        const triplets = question.triplets.map((record, at) => latest(record, keys.triplets[at]))
        const clients = question.clients.map((record, at) => latest(record, keys.clients[at]))
        const known = { triplets, clients, expected }
        const rules = policyFor(policy, question.request.recipient)
        const made = decideByRecords(known, rules, this.#now(question.request))
        for (const [key, record] of changesOf(made, keys)) {
          this.#changed.set(key, record)
          waits = true
        }
        if (made.reason === 'new' && made.triplet) this.#learnPool(question, made.triplet, policy)
        question.decision = made
      }
      if (waits) late.push(work)
      else this.#answer(work)
    }
    if (late.length > 0) this.#commit(late)
  }

  /** The DNS may tell later that the client belongs to a pool: from then on the mail is known to all of it. */
  #learnPool({ request, address }: Question, triplet: GreyRecord, policy: Policy): void {
    if (request === undefined || address === undefined) return
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
      commit.then(answer, fail)
    } catch (error) {
      fail(error as Error)
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
    for (const question of questions) replies += this.#reply(question)
    this.#send(job, replies)
    this.#options.metrics.answered(questions.length, performance.now() - job.received)
  }

  /** An answer, whatever happens while it is written: mail must not wait for one that never comes. */
  #reply(question: Question): string {
    try {
      return this.#finish(question)
    } catch (error) {
      this.#options.metrics.failedOpen += 1
      this.#options.log.rarely(
        'answer',
        `warning: not greylisting (answering DUNNO): ${(error as Error).message}`,
      )
      return DUNNO
    }
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

  #now(request: PolicyRequest | undefined): number {
    const { testClock, clock } = this.#options
    const test = testClock && request !== undefined ? /^\d{1,10}$/.exec(request.testTime) : null
    return test ? Number(test[0]) : Math.floor(clock() / 1000)
  }

  #finish({ request, decision }: Question): string {
    this.#options.metrics.decided(decision)
    if (decision === undefined || request === undefined) return DUNNO
    const { log, lines, quiet, texts, clock, policy, written } = this.#options
    const { outbound } = policy()
    if (outbound && isOutbound(request, outbound, parseAddress(request.clientAddress)))
      written?.(request, outbound)
    // asked about every mail of everybody: nothing was decided
    if (decision.reason === 'outbound') return DUNNO
    const header = decision.delaySeconds !== undefined && this.#firstOfMessage(request.instance)
    if (decision.nowWhitelisted) log.record(lines.whitelisted(request))
    if (!quiet()) log.record(lines.action(request, decision, header))
    if (decision.action === 'defer') return this.#defer(decision.waitSeconds ?? 0, request.recipient)
    return header ? headerReply(texts(), decision.delaySeconds ?? 0, clock()) : DUNNO
  }

  #defer(seconds: number, recipient: string): string {
    const texts = this.#options.texts()
    if (texts.text.includes('%r')) return deferReply(texts, seconds, recipient)
    const last = this.#deferral
    if (last?.texts === texts && last.seconds === seconds) return last.reply
    const reply = deferReply(texts, seconds, recipient)
    this.#deferral = { texts, seconds, reply }
    return reply
  }

  /** The header goes to the first recipient only: each PREPEND would add one. */
  #firstOfMessage(instance: string): boolean {
    if (instance === '') return true
    if (this.#headed.has(instance)) return false
    // a copy: the text that it was cut from may be as long as all that came with it
    this.#headed.add(Buffer.from(instance, 'latin1').toString('latin1'))
    if (this.#headed.size > REMEMBERED_MESSAGES) {
      for (const oldest of this.#headed) {
        this.#headed.delete(oldest)
        break
      }
    }
    return true
  }
}

function askedOf(works: readonly Work[]): readonly Asked[] {
  const asked: Asked[] = []
  for (const { questions } of works)
    for (const question of questions) if (hasRecords(question)) asked.push(question)
  return asked
}

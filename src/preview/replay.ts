import { stableSender } from '../greylist/key.js'
import type { Pool } from '../greylist/pool.js'
import type { Client } from '../maillog/event.js'
import { clientNetwork, normalAddress } from '../maillog/triplet.js'
import type { Attempt } from './attempt.js'
import { Chains } from './chains.js'
import type { Judge } from './judge.js'
import { type Basis, Schedule } from './schedule.js'
import { clientText, type Tally } from './tally.js'
import { Timeline } from './timeline.js'

/** A try that the log does not have, since its mail was accepted then. */
interface Imagined {
  /** Its chain's id. */
  readonly of: number
  readonly basis: Basis
  /** Another one than at the first try. */
  readonly client: Client | undefined
}

type Item = Attempt | Imagined

/** Seconds: deliveries are told later than their mail came in. */
const SLACK = 60
/** Seconds that a sender tries (postconf(5) maximal_queue_lifetime). */
const LIFETIME = 5 * 86_400
/** Seconds before the end of the log in which a sender may still come back. */
const PATIENCE = 4 * 3600
/** Tries of one moment that wait to be put in order. */
const MOST_UNORDERED = 50_000
/** Machines of a pool that are known to send. */
const MOST_MACHINES = 15
const MOST_POOLS = 20_000

export interface Outcome {
  /** Deferred then, and never seen to come in: of these, how many would have been kept out, and how many not. */
  readonly neverCameBack: { readonly stopped: number; readonly in: number }
  /** Deferred so late that nobody can tell. */
  readonly waitingAtEnd: number
  /** Tried for five days and never passed. */
  readonly lost: number
  /** Mails under way that were too many to follow: they are counted nowhere else. */
  readonly letGo: number
  /** What was remembered of earlier mails and went before its time: whoever came back to it counted as new. */
  readonly forgotten: number
}

/** Goes through the attempts of a log in the order of their time, and imagines those that acceptance spared. */
export class Replay {
  readonly #judge: Judge
  readonly #tally: Tally
  readonly #schedule = new Schedule()
  readonly #timeline = new Timeline<Item>()
  readonly #chains: Chains
  readonly #machines = new Map<string, Client[]>()
  #newest = 0
  #unordered = 0
  #stopped = 0
  #in = 0
  #waiting = 0
  #lost = 0
  #letGo = 0

  constructor(judge: Judge, tally: Tally, chains = new Chains()) {
    this.#judge = judge
    this.#tally = tally
    this.#chains = chains
  }

  add(attempt: Attempt): void {
    this.#newest = Math.max(this.#newest, attempt.at)
    this.#timeline.add(attempt.at, attempt)
    this.#unordered += 1
    this.#advance(this.#newest - SLACK)
    if (this.#unordered > MOST_UNORDERED) this.#step(Number.POSITIVE_INFINITY)
  }

  /** `until`: seconds since the epoch, the end of what could be seen. */
  end(until = this.#newest): Outcome {
    this.#advance(Number.POSITIVE_INFINITY)
    this.#chains.keep((chain) => {
      this.#leave(chain, until)
      return false
    })
    return {
      neverCameBack: { stopped: this.#stopped, in: this.#in },
      waitingAtEnd: this.#waiting,
      lost: this.#lost,
      letGo: this.#letGo,
      forgotten: this.#judge.forgotten,
    }
  }

  #advance(until: number): void {
    while (this.#step(until));
  }

  /** false: nothing is to happen until then. */
  #step(until: number): boolean {
    const next = this.#timeline.takeUntil(until)
    if (next === undefined) return false
    if ('of' in next.value) this.#imagine(next.value, next.at)
    else {
      this.#unordered -= 1
      this.#take(next.value, next.at)
    }
    return true
  }

  #take(attempt: Attempt, said: number): void {
    const pair = `${normalAddress(stableSender(attempt.sender))}\n${normalAddress(attempt.recipient)}`
    const found = this.#chains.find(pair)
    // within one mail the order of the lines counts, and not what a clock said
    const at = found === -1 ? said : Math.max(said, this.#chains.last[found] as number)
    if (found !== -1 && this.#chains.in[found] === 1 && this.#isOfThePast(found, attempt, at)) return
    const open = this.#openOf(found, at)
    const decision = this.#judge.decide(attempt, at)
    if (decision === undefined) {
      this.#tally.notAsked += 1
      return
    }
    const pool = this.#judge.poolOf(attempt)
    this.#meet(pool, attempt, open === -1)
    this.#observe(open, attempt, pool, at)
    if (decision.action === 'defer') {
      const chain = open === -1 ? this.#begin(pair, attempt) : open
      this.#deferred(chain, at)
      // whoever was deferred then comes back by itself, if at all
      if (!attempt.deferred) this.#imagineNext(chain, attempt.client, at)
      return
    }
    if (open === -1) this.#tally.passed(decision.reason)
    else this.#came(open, at, 'observed')
    // then, it was deferred: what follows of it are tries that would not have been
    if (attempt.deferred) this.#chains.in[this.#begin(pair, attempt)] = 1
  }

  #imagine({ of, basis, client }: Imagined, at: number): void {
    const chain = this.#chains.withId(of)
    if (chain === -1) return
    this.#chains.pending[chain] = 0
    const mail = this.#chains.tripletOf(chain)
    const attempt = { ...mail, client: client ?? mail.client, at, deferred: false, own: false }
    if (this.#judge.decide(attempt, at)?.action !== 'defer') {
      this.#came(chain, at, basis)
      return
    }
    this.#deferred(chain, at)
    this.#imagineNext(chain, attempt.client, at)
  }

  /** It would have been in already: these are tries that would not have been made. */
  #isOfThePast(chain: number, attempt: Attempt, at: number): boolean {
    const isPast = at - (this.#chains.last[chain] as number) < LIFETIME
    if (!isPast) this.#leave(chain, at)
    if (!isPast || !attempt.deferred) this.#chains.remove(chain)
    return isPast
  }

  /** -1: with this try another mail begins, since that one was deferred then and not seen for so long. */
  #openOf(found: number, at: number): number {
    const { first, deferred, in: isIn } = this.#chains
    if (found === -1 || isIn[found] === 1) return -1
    if (deferred[found] === 0 || at - (first[found] as number) <= this.#judge.retryWindow) return found
    this.#leave(found, at)
    this.#chains.remove(found)
    return -1
  }

  /** A first retry that the log shows tells when others of the same sender will come. */
  #observe(chain: number, attempt: Attempt, pool: Pool | undefined, at: number): void {
    const { tries, deferred, first } = this.#chains
    if (tries[chain] !== 1 || deferred[chain] === 0) return
    this.#schedule.observe(habitOf(attempt.client, pool), at - (first[chain] as number))
  }

  #came(chain: number, now: number, basis: Basis): void {
    const { client, sender, recipient } = this.#chains.tripletOf(chain)
    const at = this.#chains.first[chain] as number
    const mail = { client: clientText(client), sender, recipient, at, delay: now - at, basis }
    this.#tally.waited(mail, this.#judge.poolOf({ client, sender }))
    this.#chains.remove(chain)
  }

  #deferred(chain: number, at: number): void {
    this.#chains.tries[chain] = (this.#chains.tries[chain] as number) + 1
    this.#chains.last[chain] = at
  }

  /** One at a time. */
  #imagineNext(chain: number, before: Client, at: number): void {
    const { first, pending, id, tries } = this.#chains
    if (pending[chain] === 1) return
    const since = at - (first[chain] as number)
    if (since > LIFETIME) {
      this.#lost += 1
      this.#chains.remove(chain)
      return
    }
    const mail = this.#chains.tripletOf(chain)
    const pool = this.#judge.poolOf({ client: before, sender: mail.sender })
    const organisation = this.#judge.organisationOf(before.name)
    const tried = tries[chain] as number
    const { after, basis } = this.#schedule.next(habitOf(before, pool), organisation, tried, since)
    const client = this.#nextMachine(pool, tried) ?? before
    const isFirst = mail.client.address === client.address
    this.#timeline.add(at + after, { of: id[chain] as number, basis, client: isFirst ? undefined : client })
    pending[chain] = 1
  }

  #begin(pair: string, attempt: Attempt): number {
    if (this.#chains.isFull) this.#makeRoom(attempt.at)
    return this.#chains.begin(pair, attempt)
  }

  /** What began first goes, with what was imagined of it. */
  #makeRoom(now: number): void {
    const { id, deferred, last, in: isIn, surplus } = this.#chains
    const gone = new Set<number>()
    this.#chains.keep((chain) => {
      if (gone.size >= surplus) return true
      gone.add(id[chain] as number)
      const isTold = isIn[chain] === 1 || (deferred[chain] === 1 && now - (last[chain] as number) > PATIENCE)
      if (isTold) this.#leave(chain, now)
      else this.#letGo += 1
      return false
    })
    this.#timeline.keep((item) => !('of' in item && gone.has(item.of)))
  }

  /** No more will come of it. */
  #leave(chain: number, until: number): void {
    const { deferred, last, in: isIn } = this.#chains
    if (isIn[chain] === 1) this.#in += 1
    else if (deferred[chain] === 1 && until - (last[chain] as number) > PATIENCE) this.#stopped += 1
    else this.#waiting += 1
  }

  #meet(pool: Pool | undefined, { client }: Attempt, isNew: boolean): void {
    if (pool === undefined) return
    if (isNew) this.#tally.seen(pool, clientNetwork(client.address))
    const machines = this.#machines.get(pool) ?? []
    if (machines.some(({ address }) => address === client.address)) return
    if (machines.length >= MOST_MACHINES) machines.shift()
    machines.push(client)
    if (this.#machines.size < MOST_POOLS) this.#machines.set(pool, machines)
  }

  /** Large senders retry from another machine: those that the log showed so far take turns. */
  #nextMachine(pool: Pool | undefined, tries: number): Client | undefined {
    const machines = pool === undefined ? undefined : this.#machines.get(pool)
    return machines?.[tries % machines.length]
  }
}

/** Under which a sender's habits are known. */
function habitOf({ address }: Client, pool: Pool | undefined): string {
  return pool ?? clientNetwork(address)
}

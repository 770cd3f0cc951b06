import { stableSender } from '../greylist/key.js'
import { clientNetwork, normalAddress } from '../maillog/triplet.js'
import type { Attempt } from './attempt.js'
import type { Judge } from './judge.js'
import { type Basis, Schedule } from './schedule.js'
import { clientOf, type Tally } from './tally.js'
import { Timeline } from './timeline.js'

/** One mail from its first try on. */
interface Chain {
  readonly first: Attempt
  /** Seconds since the epoch. */
  last: number
  tries: number
  /** It is in by this reckoning, and what follows in the log are tries that would not have been. */
  in: boolean
}

interface Item {
  readonly attempt: Attempt
  /** A try that the log does not have, since its mail was accepted then. */
  readonly imagined?: { readonly of: Chain; readonly basis: Basis }
}

/** Seconds: deliveries are told later than their mail came in. */
const SLACK = 60
/** Seconds that a sender tries (postconf(5) maximal_queue_lifetime). */
const LIFETIME = 5 * 86_400
/** Seconds before the end of the log in which a sender may still come back. */
const PATIENCE = 4 * 3600
/** Mails under way. */
const MOST_CHAINS = 100_000
/** Machines of an organisation that are known to send. */
const MOST_MACHINES = 15
const MOST_ORGANISATIONS = 20_000

export interface Outcome {
  /** Deferred then, and never seen to come in: of these, how many would have been kept out, and how many not. */
  readonly neverCameBack: { readonly stopped: number; readonly in: number }
  /** Deferred so late that nobody can tell. */
  readonly waitingAtEnd: number
  /** Tried for five days and never passed. */
  readonly lost: number
  /** Mails that were too many to follow. */
  readonly letGo: number
}

/** Goes through the attempts of a log in the order of their time, and imagines those that acceptance spared. */
export class Replay {
  readonly #judge: Judge
  readonly #tally: Tally
  readonly #schedule = new Schedule()
  readonly #timeline = new Timeline<Item>()
  readonly #chains = new Map<string, Chain>()
  readonly #machines = new Map<string, Attempt['client'][]>()
  #newest = 0
  #stopped = 0
  #in = 0
  #waiting = 0
  #lost = 0
  #letGo = 0

  constructor(judge: Judge, tally: Tally) {
    this.#judge = judge
    this.#tally = tally
  }

  add(attempt: Attempt): void {
    this.#newest = Math.max(this.#newest, attempt.at)
    this.#timeline.add(attempt.at, { attempt })
    this.#advance(this.#newest - SLACK)
  }

  /** `until`: seconds since the epoch, the end of what could be seen. */
  end(until = this.#newest): Outcome {
    this.#advance(Number.POSITIVE_INFINITY)
    for (const chain of this.#chains.values()) this.#leave(chain, until)
    this.#chains.clear()
    return {
      neverCameBack: { stopped: this.#stopped, in: this.#in },
      waitingAtEnd: this.#waiting,
      lost: this.#lost,
      letGo: this.#letGo + this.#judge.letGo,
    }
  }

  #advance(until: number): void {
    for (;;) {
      const next = this.#timeline.takeUntil(until)
      if (next === undefined) return
      this.#take(next.value, next.at)
    }
  }

  #take({ attempt, imagined }: Item, at: number): void {
    const pair = `${normalAddress(stableSender(attempt.sender))}\n${normalAddress(attempt.recipient)}`
    const chain = this.#chains.get(pair)
    if (imagined && (chain !== imagined.of || chain.in)) return
    if (chain?.in && this.#isOfThePast(pair, chain, attempt, at)) return
    const open = chain === undefined || chain.in || this.#isOver(chain, at) ? undefined : chain
    const decision = this.#judge.decide(attempt, at)
    if (decision === undefined) {
      this.#tally.notAsked += 1
      return
    }
    const organisation = this.#judge.organisationOf(attempt.client.name)
    if (!imagined) this.#meet(organisation, attempt, open === undefined)
    if (open?.tries === 1 && open.first.deferred && !imagined) {
      this.#schedule.observe(habitOf(attempt, organisation), at - open.first.at)
    }
    if (decision.action === 'defer') {
      this.#deferred(pair, open, attempt, imagined !== undefined, at)
      return
    }
    if (open === undefined) this.#tally.passed(decision.reason)
    else this.#came(open, at, imagined?.basis ?? 'observed')
    if (attempt.deferred) this.#chains.set(pair, { first: attempt, last: at, tries: 1, in: true })
    else this.#chains.delete(pair)
  }

  /** It would have been in already: these are tries that would not have been made. */
  #isOfThePast(pair: string, chain: Chain, attempt: Attempt, at: number): boolean {
    if (!attempt.deferred) this.#chains.delete(pair)
    return at - chain.last < LIFETIME
  }

  /** Deferred then, and not seen for so long that the next mail of the same two is another one. */
  #isOver(chain: Chain, at: number): boolean {
    if (!chain.first.deferred || at - chain.first.at <= this.#judge.retryWindow) return false
    this.#leave(chain, at)
    return true
  }

  #came({ first }: Chain, at: number, basis: Basis): void {
    const { sender, recipient } = first
    const mail = { client: clientOf(first), sender, recipient, at: first.at, delay: at - first.at, basis }
    this.#tally.waited(mail, this.#judge.organisationOf(first.client.name))
  }

  #deferred(pair: string, open: Chain | undefined, attempt: Attempt, imagined: boolean, at: number): void {
    const chain = open ?? { first: attempt, last: at, tries: 0, in: false }
    if (open === undefined) this.#begin(pair, chain)
    chain.last = at
    chain.tries += 1
    // whoever was deferred then comes back by itself, if at all
    if (attempt.deferred && !imagined) return
    const since = at - chain.first.at
    if (since > LIFETIME) {
      this.#lost += 1
      this.#chains.delete(pair)
      return
    }
    const organisation = this.#judge.organisationOf(attempt.client.name)
    const { after, basis } = this.#schedule.next(
      habitOf(attempt, organisation),
      organisation,
      chain.tries,
      since,
    )
    const client = this.#nextMachine(organisation, chain.tries) ?? attempt.client
    this.#timeline.add(at + after, {
      attempt: { ...attempt, client, deferred: false },
      imagined: { of: chain, basis },
    })
  }

  #begin(pair: string, chain: Chain): void {
    if (this.#chains.size >= MOST_CHAINS) this.#makeRoom(chain.first.at)
    this.#chains.set(pair, chain)
  }

  /** The eighth that began first goes: one at a time would walk over all that went before it. */
  #makeRoom(now: number): void {
    let left = MOST_CHAINS / 8
    for (const [pair, chain] of this.#chains) {
      this.#chains.delete(pair)
      if (chain.first.deferred && now - chain.last > PATIENCE) this.#leave(chain, now)
      else this.#letGo += 1
      left -= 1
      if (left <= 0) return
    }
  }

  /** No more will come of it. */
  #leave(chain: Chain, until: number): void {
    if (chain.in) this.#in += 1
    else if (chain.first.deferred && until - chain.last > PATIENCE) this.#stopped += 1
    else this.#waiting += 1
  }

  #meet(organisation: string | undefined, { client }: Attempt, isNew: boolean): void {
    if (organisation === undefined) return
    if (isNew) this.#tally.seen(organisation, clientNetwork(client.address))
    const machines = this.#machines.get(organisation) ?? []
    if (machines.some(({ address }) => address === client.address)) return
    if (machines.length >= MOST_MACHINES) machines.shift()
    machines.push(client)
    if (this.#machines.size < MOST_ORGANISATIONS) this.#machines.set(organisation, machines)
  }

  /** Large senders retry from another machine: those that the log showed so far take turns. */
  #nextMachine(organisation: string | undefined, tries: number): Attempt['client'] | undefined {
    const machines = organisation === undefined ? undefined : this.#machines.get(organisation)
    return machines?.[tries % machines.length]
  }
}

/** Under which a sender's habits are known. */
function habitOf({ client }: Attempt, organisation: string | undefined): string {
  return organisation ?? clientNetwork(client.address)
}

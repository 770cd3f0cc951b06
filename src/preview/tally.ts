import type { Client } from '../maillog/event.js'
import type { Basis } from './schedule.js'

/** A mail that would have had to wait. */
export interface Delayed {
  readonly client: string
  readonly sender: string
  readonly recipient: string
  /** Seconds since the epoch: the first try. */
  readonly at: number
  /** Seconds until it would have come in. */
  readonly delay: number
  readonly basis: Basis
}

export interface PoolTally {
  readonly organisation: string
  /** Networks that it was seen in. */
  readonly networks: number
  readonly mails: number
  readonly delayed: number
  /** Seconds. */
  readonly longest: number
}

const KEPT = 20
const MOST_POOLS = 20_000
const MOST_NETWORKS = 64

interface Pool {
  readonly networks: Set<string>
  mails: number
  delayed: number
  longest: number
}

/** What all mails come to. Bounded: delays are counted by the second, and only the longest are kept one by one. */
export class Tally {
  /** By the reason; of mail that was not asked about, none. */
  readonly atOnce = new Map<string, number>()
  notAsked = 0
  delayed = 0
  readonly byBasis: Record<Basis, number> = { observed: 0, log: 0, published: 0, assumed: 0 }
  readonly delays = new Map<number, number>()
  #longest: Delayed[] = []
  readonly #pools = new Map<string, Pool>()

  passed(reason: string): void {
    this.atOnce.set(reason, (this.atOnce.get(reason) ?? 0) + 1)
  }

  waited(mail: Delayed, organisation: string | undefined): void {
    this.delayed += 1
    this.byBasis[mail.basis] += 1
    const delay = Math.round(mail.delay)
    this.delays.set(delay, (this.delays.get(delay) ?? 0) + 1)
    const pool = organisation === undefined ? undefined : this.#pools.get(organisation)
    if (pool) {
      pool.delayed += 1
      pool.longest = Math.max(pool.longest, delay)
    }
    if (this.#longest.length >= 2 * KEPT && delay <= (this.#longest[KEPT - 1]?.delay ?? 0)) return
    this.#longest.push({ ...mail, delay })
    if (this.#longest.length > 4 * KEPT) this.#longest = this.longest(KEPT)
  }

  /** A mail of a pool, whatever became of it. */
  seen(organisation: string | undefined, network: string): void {
    if (organisation === undefined) return
    const pool = this.#pools.get(organisation) ?? { networks: new Set(), mails: 0, delayed: 0, longest: 0 }
    if (!this.#pools.has(organisation)) {
      if (this.#pools.size >= MOST_POOLS) return
      this.#pools.set(organisation, pool)
    }
    pool.mails += 1
    if (pool.networks.size < MOST_NETWORKS) pool.networks.add(network)
  }

  longest(count: number): Delayed[] {
    return this.#longest.sort((a, b) => b.delay - a.delay || a.at - b.at).slice(0, count)
  }

  /** Organisations that send from several networks and had to wait, the worst first. */
  pools(count: number): readonly PoolTally[] {
    return [...this.#pools]
      .filter(([, { networks, delayed }]) => networks.size > 1 && delayed > 0)
      .map(([organisation, { networks, ...pool }]) => ({ organisation, networks: networks.size, ...pool }))
      .sort(
        (a, b) =>
          b.longest - a.longest || b.delayed - a.delayed || (a.organisation < b.organisation ? -1 : 1),
      )
      .slice(0, count)
  }
}

/** As Postfix writes it. */
export function clientText({ name, address }: Client): string {
  return `${name}[${address}]`
}

import { type Pool, poolDomain, senderPool } from '../greylist/pool.js'
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
  /** Of its machines' names, or whose SPF record names them. */
  readonly organisation: string
  readonly by: 'name' | 'spf'
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

interface Seen {
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
  readonly #pools = new Map<Pool, Seen>()

  passed(reason: string): void {
    this.atOnce.set(reason, (this.atOnce.get(reason) ?? 0) + 1)
  }

  waited(mail: Delayed, identity: Pool | undefined): void {
    this.delayed += 1
    this.byBasis[mail.basis] += 1
    const delay = Math.round(mail.delay)
    this.delays.set(delay, (this.delays.get(delay) ?? 0) + 1)
    const pool = identity === undefined ? undefined : this.#pools.get(identity)
    if (pool) {
      pool.delayed += 1
      pool.longest = Math.max(pool.longest, delay)
    }
    if (this.#longest.length >= 2 * KEPT && delay <= (this.#longest[KEPT - 1]?.delay ?? 0)) return
    this.#longest.push({ ...mail, delay })
    if (this.#longest.length > 4 * KEPT) this.#longest = this.longest(KEPT)
  }

  /** A mail of a pool, whatever became of it. */
  seen(identity: Pool, network: string): void {
    const pool = this.#pools.get(identity) ?? { networks: new Set(), mails: 0, delayed: 0, longest: 0 }
    if (!this.#pools.has(identity)) {
      if (this.#pools.size >= MOST_POOLS) return
      this.#pools.set(identity, pool)
    }
    pool.mails += 1
    if (pool.networks.size < MOST_NETWORKS) pool.networks.add(network)
  }

  longest(count: number): Delayed[] {
    return this.#longest.sort((a, b) => b.delay - a.delay || a.at - b.at).slice(0, count)
  }

  /** Pools that send from several networks and had to wait, the worst first. */
  pools(count: number): readonly PoolTally[] {
    return [...this.#pools]
      .filter(([, { networks, delayed }]) => networks.size > 1 && delayed > 0)
      .map(([pool, { networks, ...seen }]) => ({
        organisation: poolDomain(pool),
        by: pool === senderPool(poolDomain(pool)) ? ('spf' as const) : ('name' as const),
        networks: networks.size,
        ...seen,
      }))
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

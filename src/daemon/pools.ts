import { readFileSync } from 'node:fs'
import type { AddressBytes } from '../greylist/address.js'
import { type ClientTable, parseClientTable } from '../greylist/client-table.js'
import { lowerCase } from '../greylist/lower-case.js'
import { isAccessLine, organisationOf } from '../greylist/organisation.js'
import { deservingOf, isSenderPool, type Pool, poolsOf, senderDomain, senderPool } from '../greylist/pool.js'
import type { PolicyRequest } from '../greylist/request.js'
import { createDns } from './dns.js'
import type { Log } from './log.js'
import { SenderCache } from './senders.js'

/** Names whose organisation is remembered: working one out takes 20 µs, a look into the map a tenth of one. */
const MOST_NAMES = 10_000

/** The table that comes with the program. */
const LINES = new URL('../../templates/check_client_greylist', import.meta.url)

/** Reads a file of the program: before privileges are dropped. `resolver`, `clock`: as createDns and SenderCache have them. */
export function createPools(resolver: string | undefined, clock: () => number, log: Log): Pools {
  const complain = (why: string) =>
    log.line(
      `warning: the DNS does not answer (${why}): pools are known by their names alone; --resolver names another server`,
    )
  const { table } = parseClientTable(LINES.pathname, readFileSync(LINES, 'utf8'))
  return new Pools(table, new SenderCache(createDns(resolver), clock, complain))
}

/** What a client's name says. */
interface Named {
  /** The pool of its organisation, if it has one. */
  readonly pools: readonly Pool[]
  /** An access line. */
  readonly line: boolean
}

const NONE: readonly never[] = []

/** Which pools a client belongs to. */
export class Pools {
  readonly #byName = new Map<string, Named>()
  readonly #lines: ClientTable
  readonly #senders: SenderCache

  /** `lines`: the table that tells access lines from servers. */
  constructor(lines: ClientTable, senders: SenderCache) {
    this.#lines = lines
    this.#senders = senders
  }

  /** The surest first; asks nobody. A pool by its senders is found once the DNS has answered about the domain. */
  of({ clientName, sender }: PolicyRequest, address: AddressBytes): readonly Pool[] {
    const { pools } = this.#named(clientName)
    const at = sender.lastIndexOf('@')
    // only domain names are ever looked up: nothing is known of another text
    const domain = at < 0 ? '' : lowerCase(sender.slice(at + 1))
    return this.#senders.known(domain)?.authorises(address) ? [...pools, senderPool(domain)] : pools
  }

  /**
   * Of the pools that a client belongs to, those that it shares what is remembered with. An access line shares with none,
   * whatever the sender's domain publishes: who owns a botnet owns domains too.
   */
  shared({ clientName }: PolicyRequest, pools: readonly Pool[]): readonly Pool[] {
    // a line's name is no organisation's: most lists need no second look at the name
    const [first] = pools
    if (first === undefined || !isSenderPool(first)) return pools
    return this.#named(clientName).line ? NONE : pools
  }

  /** See deservingOf. */
  deserving(pools: readonly Pool[]): readonly Pool[] {
    return deservingOf(pools, this.#known)
  }

  /** Looks up aside who may send for the sender's domain. `found` is called if this client may and shares that, and it was not known. */
  learn({ clientName, sender }: PolicyRequest, address: AddressBytes, found: (pool: Pool) => void): void {
    const domain = senderDomain(sender)
    if (domain === undefined) return
    void this.#senders.lookUp(domain)?.then((senders) => {
      if (senders?.authorises(address) && !this.#named(clientName).line) found(senderPool(domain))
    })
  }

  readonly #known = (domain: string) => this.#senders.known(domain)

  /** Whoever is written to may answer soon: then it is known who may send for the domain. */
  prepare(mailbox: string): void {
    const domain = senderDomain(mailbox)
    if (domain !== undefined) void this.#senders.lookUp(domain)
  }

  #named(name: string): Named {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const line = isAccessLine(name, this.#lines)
    const named = { pools: poolsOf(organisationOf(name, this.#lines), undefined), line }
    if (this.#byName.size >= MOST_NAMES) this.#byName.clear()
    // a copy: the text that it was cut from is a whole chunk of what came
    this.#byName.set(Buffer.from(name, 'latin1').toString('latin1'), named)
    return named
  }
}

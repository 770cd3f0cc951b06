import { readFileSync } from 'node:fs'
import type { AddressBytes } from '../greylist/address.js'
import { type ClientTable, parseClientTable } from '../greylist/client-table.js'
import { lowerCase } from '../greylist/lower-case.js'
import { organisationOf } from '../greylist/organisation.js'
import { type Pool, poolsOf, senderDomain, senderPool } from '../greylist/pool.js'
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

/** Which pools a client belongs to. */
export class Pools {
  /** Of a name, the pool of its organisation, if it has one. */
  readonly #byName = new Map<string, readonly Pool[]>()
  readonly #lines: ClientTable
  readonly #senders: SenderCache

  /** `lines`: the table that tells access lines from servers. */
  constructor(lines: ClientTable, senders: SenderCache) {
    this.#lines = lines
    this.#senders = senders
  }

  /** The surest first; asks nobody. A pool by its senders is found once the DNS has answered about the domain. */
  of({ clientName, sender }: PolicyRequest, address: AddressBytes): readonly Pool[] {
    const named = this.#named(clientName)
    const at = sender.lastIndexOf('@')
    // only domain names are ever looked up: nothing is known of another text
    const domain = at < 0 ? '' : lowerCase(sender.slice(at + 1))
    return this.#senders.known(domain)?.authorises(address) ? [...named, senderPool(domain)] : named
  }

  /** Looks up aside who may send for the sender's domain. `found` is called if this client may, and that was not known. */
  learn({ sender }: PolicyRequest, address: AddressBytes, found: (pool: Pool) => void): void {
    const domain = senderDomain(sender)
    if (domain === undefined) return
    void this.#senders.lookUp(domain)?.then((senders) => {
      if (senders?.authorises(address)) found(senderPool(domain))
    })
  }

  /** Whoever is written to may answer soon: then it is known who may send for the domain. */
  prepare(mailbox: string): void {
    const domain = senderDomain(mailbox)
    if (domain !== undefined) void this.#senders.lookUp(domain)
  }

  #named(name: string): readonly Pool[] {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const pools = poolsOf(organisationOf(name, this.#lines), undefined)
    if (this.#byName.size >= MOST_NAMES) this.#byName.clear()
    // a copy: the text that it was cut from is a whole chunk of what came
    this.#byName.set(Buffer.from(name, 'latin1').toString('latin1'), pools)
    return pools
  }
}

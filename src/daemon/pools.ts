import { readFileSync } from 'node:fs'
import type { AddressBytes } from '../greylist/address.js'
import { type ClientTable, parseClientTable } from '../greylist/client-table.js'
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
  readonly #organisations = new Map<string, string | undefined>()
  readonly #lines: ClientTable
  readonly #senders: SenderCache

  /** `lines`: the table that tells access lines from servers. */
  constructor(lines: ClientTable, senders: SenderCache) {
    this.#lines = lines
    this.#senders = senders
  }

  /** The surest first; asks nobody. A pool by its senders is found once the DNS has answered about the domain. */
  of({ clientName, sender }: PolicyRequest, address: AddressBytes): readonly Pool[] {
    const organisation = this.#organisationOf(clientName)
    const domain = senderDomain(sender)
    const authorised = domain !== undefined && this.#senders.known(domain)?.authorises(address)
    return poolsOf(organisation, authorised ? domain : undefined)
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

  #organisationOf(name: string): string | undefined {
    const known = this.#organisations.get(name)
    if (known !== undefined || this.#organisations.has(name)) return known
    const organisation = organisationOf(name, this.#lines)
    if (this.#organisations.size >= MOST_NAMES) this.#organisations.clear()
    // a copy: the text that it was cut from is a whole chunk of what came
    this.#organisations.set(Buffer.from(name, 'latin1').toString('latin1'), organisation)
    return organisation
  }
}

import { type AddressBytes, parseAddress } from '../greylist/address.js'
import { CHECKED_ACTION, type ClientTable } from '../greylist/client-table.js'
import { changesOf, type Decision, decideByRecords, exemption } from '../greylist/decide.js'
import { keysOf } from '../greylist/key.js'
import { isAccessLine, organisationOf } from '../greylist/organisation.js'
import { type Policy, policyFor } from '../greylist/policy.js'
import { deservingOf, type Pool, poolsOf, senderDomain } from '../greylist/pool.js'
import { type PolicyRequest, requestOf as requestWith } from '../greylist/request.js'
import type { SpfSenders } from '../greylist/spf.js'
import type { Triplet } from '../maillog/lives.js'
import type { Attempt } from './attempt.js'
import { Records } from './records.js'

/** Who may send for a domain, where that is known. */
export type KnownSenders = (domain: string) => SpfSenders | undefined

export interface JudgeOptions {
  readonly policy: Policy
  readonly identity: 'pool' | 'subnet'
  /** Tells access lines from servers. */
  readonly lines: ClientTable
  /** With selective greylisting, the table that says who is asked to come back. */
  readonly selective?: ClientTable | undefined
  /** What the daemon would have known by SPF. */
  readonly senders?: KnownSenders | undefined
}

/** The daemon's own decision, over what it would have remembered at that time. It asks nobody. */
export class Judge {
  readonly #options: JudgeOptions
  readonly #records: Records

  constructor(options: JudgeOptions, records = new Records()) {
    this.#options = options
    this.#records = records
  }

  /** Records that were let go although they still counted. */
  get forgotten(): number {
    return this.#records.forgotten
  }

  /** Seconds in which a retry has to come. */
  get retryWindow(): number {
    return this.#options.policy.retryWindow
  }

  /** undefined: the daemon would not have been asked. */
  decide(attempt: Attempt, now: number): Decision | undefined {
    if (!this.#isAsked(attempt)) return undefined
    const request = requestOf(attempt)
    const address = parseAddress(request.clientAddress)
    const decision = exemption(request, this.#options.policy, address)
    return decision ?? this.#byRecords(request, address ?? [], now)
  }

  /** Whether what the daemon remembers decides, and with it who counts as the same client. */
  goesByRecords(attempt: Attempt): boolean {
    return this.#isAsked(attempt) && exemption(requestOf(attempt), this.#options.policy) === undefined
  }

  /** The organisation of a client's name, whose machines count as one client. */
  organisationOf(name: string): string | undefined {
    return organisationOf(name, this.#options.lines)
  }

  /** The surest pool that the client of a mail belongs to; undefined: its network stands for itself. */
  poolOf({ client, sender }: Omit<Triplet, 'recipient'>): Pool | undefined {
    return this.#poolsOf(client.name, bytesOf(sender), parseAddress(client.address) ?? [])[0]
  }

  #isAsked({ own, client }: Attempt): boolean {
    const { selective } = this.#options
    return !own && (selective === undefined || selective.lookup(client.name)?.action === CHECKED_ACTION)
  }

  #poolsOf(name: string, sender: string, address: AddressBytes): readonly Pool[] {
    const domain = senderDomain(sender)
    const { lines, senders } = this.#options
    const authorised =
      domain !== undefined && !isAccessLine(name, lines) && senders?.(domain)?.authorises(address)
    return poolsOf(this.organisationOf(name), authorised ? domain : undefined)
  }

  #byRecords(request: PolicyRequest, address: AddressBytes, now: number): Decision {
    const { policy, identity, senders } = this.#options
    const { clientName, sender, recipient } = request
    const pools = identity === 'pool' ? this.#poolsOf(clientName, sender, address) : []
    const keys = keysOf(request, address, policy, pools, deservingOf(pools, senders ?? (() => undefined)))
    const known = (key: string) => this.#records.get(key)
    const rules = { ...policyFor(policy, recipient), learn: false }
    const decision = decideByRecords(
      { triplets: keys.triplets.map(known), clients: keys.clients.map(known) },
      rules,
      now,
    )
    for (const [key, record] of changesOf(decision, keys)) this.#records.set(key, record, policy, now)
    return decision
  }
}

function requestOf({ client, sender, recipient }: Attempt): PolicyRequest {
  return {
    ...requestWith([]),
    clientName: client.name,
    clientAddress: client.address,
    sender: bytesOf(sender),
    recipient: bytesOf(recipient),
  }
}

/** A request's text is a byte a character. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

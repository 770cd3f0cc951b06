import { type AddressBytes, parseAddress } from '../greylist/address.js'
import { CHECKED_ACTION, type ClientTable } from '../greylist/client-table.js'
import { changesOf, type Decision, decideByRecords, exemption } from '../greylist/decide.js'
import { keysOf } from '../greylist/key.js'
import { organisationOf } from '../greylist/organisation.js'
import { type Policy, policyFor } from '../greylist/policy.js'
import { namedPool } from '../greylist/pool.js'
import { type PolicyRequest, requestOf as requestWith } from '../greylist/request.js'
import type { Attempt } from './attempt.js'
import { Records } from './records.js'

export interface JudgeOptions {
  readonly policy: Policy
  readonly identity: 'pool' | 'subnet'
  /** Tells access lines from servers. */
  readonly lines: ClientTable
  /** With selective greylisting, the table that says who is asked to come back. */
  readonly selective?: ClientTable | undefined
}

/** The daemon's own decision, over what it would have remembered at that time. It asks nobody: pools by SPF are not known. */
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
    const { policy, selective } = this.#options
    const { name } = attempt.client
    if (attempt.own) return undefined
    if (selective !== undefined && selective.lookup(name)?.action !== CHECKED_ACTION) return undefined
    const request = requestOf(attempt)
    const address = parseAddress(request.clientAddress)
    const decision = exemption(request, policy, address)
    return decision ?? this.#byRecords(request, address ?? [], now)
  }

  /** The organisation whose machines count as one client; undefined: each network for itself. */
  organisationOf(name: string): string | undefined {
    return organisationOf(name, this.#options.lines)
  }

  #byRecords(request: PolicyRequest, address: AddressBytes, now: number): Decision {
    const { policy, identity } = this.#options
    const organisation = identity === 'pool' ? this.organisationOf(request.clientName) : undefined
    const keys = keysOf(request, address, policy, organisation === undefined ? [] : [namedPool(organisation)])
    const known = (key: string) => this.#records.get(key)
    const rules = { ...policyFor(policy, request.recipient), learn: false }
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
  const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1')
  return {
    ...requestWith([]),
    clientName: client.name,
    clientAddress: client.address,
    sender: bytes(sender),
    recipient: bytes(recipient),
  }
}

import { senderDomain } from '../greylist/pool.js'
import type { Attempt } from './attempt.js'
import type { Judge } from './judge.js'

/** Domains that are counted; of more, those that were seen first. */
const MOST_DOMAINS = 50_000

interface Seen {
  mails: number
  /** Of all its clients; undefined: one of them has none. */
  organisation: string | undefined
  matters: boolean
}

/**
 * The sender domains of a log whose SPF records could change what becomes of a mail: those of clients that no name tells the
 * organisation of, and those that send through several organisations. All others are told from each other by names alone.
 */
export class SenderDomains {
  readonly #seen = new Map<string, Seen>()
  readonly #judge: Judge

  constructor(judge: Judge) {
    this.#judge = judge
  }

  add(attempt: Attempt): void {
    const domain = senderDomain(attempt.sender)
    if (domain === undefined || !this.#judge.goesByRecords(attempt)) return
    const organisation = this.#judge.organisationOf(attempt.client.name)
    const seen = this.#seen.get(domain)
    if (seen !== undefined) {
      seen.mails += 1
      seen.matters ||= organisation !== seen.organisation
    } else if (this.#seen.size < MOST_DOMAINS) {
      this.#seen.set(domain, { mails: 1, organisation, matters: organisation === undefined })
    }
  }

  /** Those that send most first. */
  list(): readonly string[] {
    return [...this.#seen]
      .filter(([, { matters }]) => matters)
      .sort(([, a], [, b]) => b.mails - a.mails)
      .map(([domain]) => domain)
  }
}

import { effectiveRecipientList, effectiveRelayList, hasRelayGuard, relayComesFirst } from './guards.js'
import type { MainCf } from './main-cf.js'
import type { RestrictionEntry } from './restriction-list.js'

export type RelayClient = 'mynetworks' | 'authenticated' | 'stranger'
export type RelayRecipient = 'own' | 'elsewhere'

/** What a restriction says; the two `defer_if_*` are remembered until the end (access(5)). */
export type Opinion = 'permit' | 'reject' | 'defer' | 'dunno' | 'defer_if_permit' | 'defer_if_reject'

export interface RelayQuestion {
  readonly client: RelayClient
  readonly recipient: RelayRecipient
  /** Answers for everything that the list alone does not tell: lookup tables, policy services, DNS. */
  readonly oracle: (entry: RestrictionEntry) => Opinion
}

export interface RelayAnswer {
  readonly answer: 'permit' | 'refuse' | 'defer'
  /** false: smtpd does not start, for want of a relay guard, and refuses everything. */
  readonly starts: boolean
  /** The entries that the oracle was asked about, in order. */
  readonly asked: readonly RestrictionEntry[]
}

/**
 * What smtpd(8) would answer at RCPT TO, by the relay and recipient lists alone (SMTPD_ACCESS_README, "Delayed
 * evaluation"): a permit ends its list, a reject or defer ends it all, and a pending defer_if_permit turns the
 * final permit into a deferral.
 */
export function evaluateRelay(cf: MainCf, question: RelayQuestion): RelayAnswer {
  const relay = effectiveRelayList(cf)
  const recipient = effectiveRecipientList(cf)
  const asked: RestrictionEntry[] = []
  if (!hasRelayGuard(relay) && !hasRelayGuard(recipient)) return { answer: 'refuse', starts: false, asked }
  const lists = relayComesFirst(cf) ? [relay, recipient] : [recipient, relay]
  const pending = { permit: false, reject: false }
  for (const list of lists) {
    const answer = evaluateList(list, question, pending, asked)
    if (answer !== 'permit') return { answer, starts: true, asked }
  }
  return { answer: pending.permit ? 'defer' : 'permit', starts: true, asked }
}

function evaluateList(
  list: readonly RestrictionEntry[],
  question: RelayQuestion,
  pending: { permit: boolean; reject: boolean },
  asked: RestrictionEntry[],
): RelayAnswer['answer'] {
  for (const entry of list) {
    const opinion = ask(entry, question, asked)
    if (opinion === 'permit') return 'permit'
    // remembered under warn_if_reject too: smtpd(8) does so, whatever postconf(5) promises
    if (opinion === 'defer_if_reject') pending.reject = true
    // warn_if_reject: logged, and on with the list
    if (entry.warnIfReject) continue
    if (opinion === 'reject') return pending.reject ? 'defer' : 'refuse'
    if (opinion === 'defer') return 'defer'
    if (opinion === 'defer_if_permit') pending.permit = true
  }
  return 'permit'
}

function ask(entry: RestrictionEntry, question: RelayQuestion, asked: RestrictionEntry[]): Opinion {
  const known = knownOpinion(entry.name, question)
  if (known !== undefined) return known
  asked.push(entry)
  return question.oracle(entry)
}

function knownOpinion(name: string, { client, recipient }: RelayQuestion): Opinion | undefined {
  const own = recipient === 'own'
  const table: Record<string, Opinion> = {
    permit: 'permit',
    reject: 'reject',
    defer: 'defer',
    defer_if_permit: 'defer_if_permit',
    defer_if_reject: 'defer_if_reject',
    permit_mynetworks: client === 'mynetworks' ? 'permit' : 'dunno',
    permit_sasl_authenticated: client === 'authenticated' ? 'permit' : 'dunno',
    permit_auth_destination: own ? 'permit' : 'dunno',
    reject_unauth_destination: own ? 'dunno' : 'reject',
    defer_unauth_destination: own ? 'dunno' : 'defer',
    check_relay_domains: own ? 'permit' : 'reject',
  }
  return Object.hasOwn(table, name) ? table[name] : undefined
}

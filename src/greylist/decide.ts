import { type AddressBytes, parseAddress } from './address.js'
import { OUTBOUND_CONTEXT } from './correspondent.js'
import { CLIENT, type Keys, TRIPLET } from './key.js'
import { type Policy, policyFor } from './policy.js'
import { type GreyRecord, isExpired } from './record.js'
import type { PolicyRequest } from './request.js'

/** Why, in postgrey's words where it has them. */
export type Reason =
  | 'new'
  | 'early-retry'
  | 'triplet found'
  | 'client whitelist'
  | 'recipient whitelist'
  | 'sender whitelist'
  | 'client AWL'
  | 'expected sender'
  | 'correspondent'
  | 'outbound'
  | 'authenticated'
  | 'no recipient'
  | 'no client address'

/** What the store holds of this triplet and of this client, in the order of their keys (Keys). */
export interface Known {
  readonly triplets?: readonly (GreyRecord | undefined)[]
  readonly clients?: readonly (GreyRecord | undefined)[]
  /** Somebody waits for this mail (expected.ts), or wrote to its sender (correspondent.ts). */
  readonly expected?: 'expected sender' | 'correspondent' | undefined
}

export interface Decision {
  readonly action: 'pass' | 'defer'
  readonly reason: Reason
  /** Seconds until a retry passes; also where learning lets the mail pass. */
  readonly waitSeconds?: number | undefined
  /** Seconds from the first try to this one: the triplet passes for the first time. */
  readonly delaySeconds?: number | undefined
  /** To be committed under each key of the triplet before the answer is sent. */
  readonly triplet?: GreyRecord | undefined
  /** The same, under one key of the client. */
  readonly client?: { readonly at: number; readonly record: GreyRecord } | undefined
  /** With this mail the client earned its place on the automatic whitelist. */
  readonly nowWhitelisted?: boolean | undefined
  /** It would have been deferred, but for learning. */
  readonly learned?: boolean | undefined
}

/** Last-seen times and auto-whitelist counts move at most once an hour: a busy sender costs no write a mail. */
const REFRESH = 3600

/** Pure. The order is postgrey's: whitelists, automatic whitelist, triplet. */
export function decide(request: PolicyRequest, known: Known, policy: Policy, nowSeconds: number): Decision {
  return (
    exemption(request, policy) ?? decideByRecords(known, policyFor(policy, request.recipient), nowSeconds)
  )
}

/** What needs no record. undefined: look into the store. */
export function exemption(
  request: PolicyRequest,
  policy: Policy,
  address = parseAddress(request.clientAddress),
): Decision | undefined {
  const reason = exemptionReason(request, policy, address)
  return reason === undefined ? undefined : decision({ action: 'pass', reason })
}

function exemptionReason(
  request: PolicyRequest,
  policy: Policy,
  address: AddressBytes | undefined,
): Reason | undefined {
  // whatever it says: such a check may never keep an own user's mail
  if (request.policyContext === OUTBOUND_CONTEXT) return 'outbound'
  if (request.saslUsername !== '') return 'authenticated'
  if (request.recipient === '') return 'no recipient'
  if (address === undefined) return 'no client address'
  if (policy.outbound?.networks.has(address)) return 'outbound'
  if (policy.clients.matches(request.clientName, address) || policy.networks.has(address)) {
    return 'client whitelist'
  }
  if (policy.recipients.matches(request.recipient)) return 'recipient whitelist'
  if (policy.rules.find(request.recipient)?.off) return 'recipient whitelist'
  if (policy.senders.find(request.sender)) return 'sender whitelist'
  return undefined
}

/** Who is expected passes where others would be deferred, and nothing else changes: nothing is remembered of it. */
export function decideByRecords(known: Known, policy: Policy, now: number): Decision {
  const made = judge(known, policy, now)
  const spared = known.expected !== undefined && made.waitSeconds !== undefined
  return spared ? decision({ action: 'pass', reason: known.expected }) : made
}

function judge(known: Known, policy: Policy, now: number): Decision {
  const { triplets = NOTHING, clients = NOTHING } = known
  if (policy.autoWhitelist > 0) {
    for (let at = 0; at < clients.length; at += 1) {
      const client = current(CLIENT, clients[at], policy, now)
      if (client === undefined || client.count < policy.autoWhitelist) continue
      const counts = isStale(client, now) ? { at, record: counted(client, now) } : undefined
      return decision({ action: 'pass', reason: 'client AWL', client: counts })
    }
  }
  const surest = current(TRIPLET, triplets[0], policy, now)
  let triplet = surest
  for (let at = 1; at < triplets.length; at += 1)
    triplet = furthest(triplet, current(TRIPLET, triplets[at], policy, now))
  if (triplet === undefined) return judgeFirst(current(CLIENT, clients[0], policy, now), policy, now)
  if (triplet.count > 0) {
    // what was known by the network alone (of postgrey's days, say) is now known of the whole pool
    const spreads = isStale(triplet, now) || surest === undefined
    return spreads ? decision({ ...FOUND, triplet: { ...triplet, last: now } }) : FOUND
  }
  const waited = now - triplet.first
  if (waited >= policy.delay) return firstPass(triplet, current(CLIENT, clients[0], policy, now), policy, now)
  // after a step back of the clock the wait starts anew, rather than lasting until the old time comes again
  if (waited < 0) return defer('new', policy.delay, policy, { first: now, last: now, count: 0 })
  const seen = isStale(triplet, now) ? { ...triplet, last: now } : undefined
  return defer(waited === 0 ? 'new' : 'early-retry', policy.delay - waited, policy, seen)
}

/** All of one shape: whoever reads decisions of many takes twice the time. */
function decision(made: Decision): Decision {
  const { action, reason, waitSeconds, delaySeconds, triplet, client, nowWhitelisted, learned } = made
  return { action, reason, waitSeconds, delaySeconds, triplet, client, nowWhitelisted, learned }
}

const FOUND = decision({ action: 'pass', reason: 'triplet found' })

/**
 * Whether the first of a triplet's records says all: the mail passes by it, and nothing has to be remembered. A client on the
 * automatic whitelist passes too, for another reason.
 */
export function saysAll(
  triplet: GreyRecord | undefined,
  policy: Pick<Policy, 'maxAge' | 'retryWindow'>,
  now: number,
): boolean {
  if (triplet === undefined || triplet.count === 0) return false
  return !isStale(triplet, now) && !isExpired(TRIPLET, triplet, policy, now)
}

/** Of two records of one triplet: one that passed, else the one that waits longer. */
function furthest(a: GreyRecord | undefined, b: GreyRecord | undefined): GreyRecord | undefined {
  if (a === undefined || b === undefined) return a ?? b
  if (a.count > 0 !== b.count > 0) return a.count > 0 ? a : b
  if (a.count > 0) return a.last >= b.last ? a : b
  return a.first <= b.first ? a : b
}

function judgeFirst(client: GreyRecord | undefined, policy: Policy, now: number): Decision {
  const record = { first: now, last: now, count: 0 }
  return policy.delay > 0
    ? defer('new', policy.delay, policy, record)
    : firstPass(record, client, policy, now)
}

function firstPass(
  triplet: GreyRecord,
  client: GreyRecord | undefined,
  policy: Policy,
  now: number,
): Decision {
  const passed = {
    ...FOUND,
    delaySeconds: now - triplet.first,
    triplet: { first: triplet.first, last: now, count: 1 },
  }
  if (policy.autoWhitelist === 0 || (client !== undefined && !isStale(client, now))) return decision(passed)
  const next = counted(client ?? { first: now, last: now, count: 0 }, now)
  const nowWhitelisted = next.count === policy.autoWhitelist || undefined
  return decision({ ...passed, client: { at: 0, record: next }, nowWhitelisted })
}

function defer(reason: Reason, waitSeconds: number, policy: Policy, triplet?: GreyRecord): Decision {
  const action = policy.learn ? 'pass' : 'defer'
  return decision({ action, reason, waitSeconds, triplet, learned: policy.learn || undefined })
}

/** undefined: it says nothing any more. */
function current(
  kind: string,
  record: GreyRecord | undefined,
  policy: Policy,
  now: number,
): GreyRecord | undefined {
  return record === undefined || isExpired(kind, record, policy, now) ? undefined : record
}

/** Seen an hour ago or longer, or in the future (the clock was set back). */
function isStale(record: GreyRecord, now: number): boolean {
  return now >= record.last + REFRESH || record.last > now
}

function counted(client: GreyRecord, now: number): GreyRecord {
  return { first: Math.min(client.first, now), last: now, count: client.count + 1 }
}

const NOTHING: readonly never[] = []

/** What a decision wants to be remembered. */
export function changesOf(
  { triplet, client }: Decision,
  keys: Keys,
): readonly (readonly [key: string, record: GreyRecord])[] {
  if (triplet === undefined && client === undefined) return NOTHING
  const changes: (readonly [string, GreyRecord])[] =
    triplet === undefined ? [] : keys.triplets.map((key) => [key, triplet])
  const key = client === undefined ? undefined : keys.clients[client.at]
  if (client !== undefined && key !== undefined) changes.push([key, client.record])
  return changes
}

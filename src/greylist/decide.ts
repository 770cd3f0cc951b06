import { type AddressBytes, parseAddress } from './address.js'
import { CLIENT, TRIPLET } from './key.js'
import type { Policy } from './policy.js'
import { type GreyRecord, isExpired } from './record.js'
import type { PolicyRequest } from './request.js'

/** Why, in postgrey's words where it has them. */
export type Reason =
  | 'new'
  | 'early-retry'
  | 'triplet found'
  | 'client whitelist'
  | 'recipient whitelist'
  | 'client AWL'
  | 'authenticated'
  | 'no recipient'
  | 'no client address'

/** What the store holds of this triplet and of this client. */
export interface Known {
  readonly triplet?: GreyRecord | undefined
  readonly client?: GreyRecord | undefined
}

export interface Decision {
  readonly action: 'pass' | 'defer'
  readonly reason: Reason
  /** Seconds until a retry passes; also where learning lets the mail pass. */
  readonly waitSeconds?: number
  /** Seconds from the first try to this one: the triplet passes for the first time. */
  readonly delaySeconds?: number
  /** To be committed before the answer is sent. */
  readonly triplet?: GreyRecord
  readonly client?: GreyRecord
  /** With this mail the client earned its place on the automatic whitelist. */
  readonly nowWhitelisted?: boolean
  /** It would have been deferred, but for learning. */
  readonly learned?: boolean
}

/** Last-seen times and auto-whitelist counts move at most once an hour: a busy sender costs no write a mail. */
const REFRESH = 3600

/** Pure. The order is postgrey's: whitelists, automatic whitelist, triplet. */
export function decide(request: PolicyRequest, known: Known, policy: Policy, nowSeconds: number): Decision {
  return exemption(request, policy) ?? decideByRecords(known, policy, nowSeconds)
}

/** What needs no record. undefined: look into the store. */
export function exemption(
  request: PolicyRequest,
  policy: Policy,
  address = parseAddress(request.clientAddress),
): Decision | undefined {
  const reason = exemptionReason(request, policy, address)
  return reason === undefined ? undefined : { action: 'pass', reason }
}

function exemptionReason(
  request: PolicyRequest,
  policy: Policy,
  address: AddressBytes | undefined,
): Reason | undefined {
  if (request.saslUsername !== '') return 'authenticated'
  if (request.recipient === '') return 'no recipient'
  if (address === undefined) return 'no client address'
  if (policy.clients.matches(request.clientName, address)) return 'client whitelist'
  if (policy.recipients.matches(request.recipient)) return 'recipient whitelist'
  return undefined
}

export function decideByRecords(known: Known, policy: Policy, now: number): Decision {
  const client = current(CLIENT, known.client, policy, now)
  if (policy.autoWhitelist > 0 && client !== undefined && client.count >= policy.autoWhitelist) {
    const decision: Decision = { action: 'pass', reason: 'client AWL' }
    return isStale(client, now) ? { ...decision, client: counted(client, now) } : decision
  }
  const triplet = current(TRIPLET, known.triplet, policy, now)
  if (triplet === undefined) return judgeFirst(client, policy, now)
  if (triplet.count > 0) {
    const decision: Decision = { action: 'pass', reason: 'triplet found' }
    return isStale(triplet, now) ? { ...decision, triplet: { ...triplet, last: now } } : decision
  }
  const waited = now - triplet.first
  if (waited >= policy.delay) return firstPass(triplet, client, policy, now)
  // after a step back of the clock the wait starts anew, rather than lasting until the old time comes again
  if (waited < 0) return defer('new', policy.delay, policy, { first: now, last: now, count: 0 })
  const decision = defer(waited === 0 ? 'new' : 'early-retry', policy.delay - waited, policy)
  return isStale(triplet, now) ? { ...decision, triplet: { ...triplet, last: now } } : decision
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
  const decision: Decision = {
    action: 'pass',
    reason: 'triplet found',
    delaySeconds: now - triplet.first,
    triplet: { first: triplet.first, last: now, count: 1 },
  }
  if (policy.autoWhitelist === 0 || (client !== undefined && !isStale(client, now))) return decision
  const next = counted(client ?? { first: now, last: now, count: 0 }, now)
  const nowWhitelisted = next.count === policy.autoWhitelist
  return { ...decision, client: next, ...(nowWhitelisted ? { nowWhitelisted } : {}) }
}

function defer(reason: Reason, waitSeconds: number, policy: Policy, triplet?: GreyRecord): Decision {
  return {
    action: policy.learn ? 'pass' : 'defer',
    reason,
    waitSeconds,
    ...(triplet === undefined ? {} : { triplet }),
    ...(policy.learn ? { learned: true } : {}),
  }
}

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

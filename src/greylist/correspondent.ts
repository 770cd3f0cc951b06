import type { AddressBytes } from './address.js'
import type { Expectation } from './expected.js'
import { CORRESPONDENT, SEAL } from './key.js'
import { lowerCase } from './lower-case.js'
import type { Outbound } from './policy.js'
import { senderDomain } from './pool.js'
import type { GreyRecord } from './record.js'
import type { PolicyRequest } from './request.js'

/** `policy_context` of a check that is asked about everything and decides nothing (postconf(5) check_policy_service). */
export const OUTBOUND_CONTEXT = 'outbound'

/** Seconds: a record moves at most once in so long. */
const REFRESH = 86_400

/** Mail of an own user to somebody elsewhere: whoever logged in, or sends from an own network. Bounces are nobody's. */
export function isOutbound(
  request: PolicyRequest,
  outbound: Outbound,
  address: AddressBytes | undefined,
): boolean {
  const own = request.saslUsername !== '' || (address !== undefined && outbound.networks.has(address))
  const [from, to] = [senderDomain(request.sender), senderDomain(request.recipient)]
  return own && from !== undefined && to !== undefined && from !== to
}

/** An answer to it comes from the one and goes to the other's domain. undefined for what is no mail between two domains. */
export function keyOfOutbound(request: PolicyRequest, seal?: (text: string) => string): string | undefined {
  return keyOf(request.recipient, request.sender, seal)
}

export function keyOfAnswer(request: PolicyRequest, seal?: (text: string) => string): string | undefined {
  return keyOf(request.sender, request.recipient, seal)
}

function keyOf(correspondent: string, own: string, seal?: (text: string) => string): string | undefined {
  const [domain, ownDomain] = [senderDomain(correspondent), senderDomain(own)]
  if (domain === undefined || ownDomain === undefined || correspondent.length > LONGEST) return undefined
  const local = lowerCase(correspondent.slice(0, correspondent.lastIndexOf('@'))).replace(/\+.*/s, '')
  const key = `${local}@${domain}\n${ownDomain}`
  return CORRESPONDENT + (seal === undefined ? key : SEAL + seal(key))
}

/** Whose answer to which own domain a key stands for; undefined for other keys and sealed ones. */
export function answerOf(key: string): Expectation | undefined {
  const [sender = '', domain, rest] = key.slice(1).split('\n')
  if (!key.startsWith(CORRESPONDENT) || domain === undefined || rest !== undefined) return undefined
  return { sender, recipient: `@${domain}` }
}

/** RFC 5321 §4.5.3.1. */
const LONGEST = 320

/** `last` is until when an answer is expected; `count` the days on which somebody wrote. undefined: nothing new. */
export function written(
  known: GreyRecord | undefined,
  { seconds }: Outbound,
  nowSeconds: number,
): GreyRecord | undefined {
  const until = nowSeconds + seconds
  if (known === undefined || known.last < nowSeconds) return { first: nowSeconds, last: until, count: 1 }
  return until - known.last < Math.min(REFRESH, seconds / 2)
    ? undefined
    : { ...known, last: until, count: known.count + 1 }
}

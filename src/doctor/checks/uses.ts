import type { PolicyUse } from '../facts/policy-uses.js'
import type { Entry } from '../facts/services.js'
import type { Facts } from '../facts.js'

export type Uses = Facts['policyUses']

export const before = (use: PolicyUse): readonly Entry[] =>
  use.service.list(use.list).entries.slice(0, use.at)

/** Mail to the own domains gets no further. */
const ENDS = new Set(['permit', 'reject', 'defer', 'permit_auth_destination'])

export function ending(use: PolicyUse): Entry | undefined {
  return before(use).find(
    ({ name, warnIfReject }) => ENDS.has(name) && (name.startsWith('permit') || !warnIfReject),
  )
}

export const about = ({ endpoint, service }: PolicyUse) => [endpoint.text, service.label]

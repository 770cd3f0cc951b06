import { endsList } from '../../postfix/placement.js'
import type { Fate } from '../facts/fates.js'
import type { PolicyUse } from '../facts/policy-uses.js'
import type { Asked } from '../facts/questions.js'
import type { Entry } from '../facts/services.js'
import type { Facts } from '../facts.js'

export type Uses = Facts['policyUses']

/** The entry of its list behind which mail to the own domains does not come; undefined where none is. */
export function ending({ service, list, at }: PolicyUse): Entry | undefined {
  return service.list(list)?.entries.slice(0, at).find(endsList)
}

export const about = ({ endpoint, service }: PolicyUse) => [endpoint.text, service.label]

/** Questions to a greylister whose answer counts. */
export function greylisted(asked: readonly Asked[]): readonly Asked[] {
  return asked.filter(({ greylister, warnOnly, certain }) => greylister && !warnOnly && certain)
}

export const isMx = ({ service: { role } }: Fate): boolean => role === 'mx'

/** A finding about a question that a service should not ask. */
export function hitOf({ service }: Fate, { endpoint, where }: Asked, what: string) {
  return {
    detail: `${service.label} asks ${endpoint.text} ${what}`,
    evidence: [where],
    affects: [endpoint.text, service.label],
  }
}

/** Each line once. */
export function distinct(asked: readonly Asked[]): readonly Asked[] {
  return [
    ...new Map(asked.map((each) => [`${each.endpoint.text} ${each.list} ${each.where.ref}`, each])).values(),
  ]
}

import { isRestriction, listWords } from '../../postfix/restriction-list.js'
import type { Entry } from '../facts/services.js'
import type { Facts } from '../facts.js'

/** Each entry once, however many services share the list. */
export function entriesOf(services: Facts['services']) {
  const owners = new Map(services.flatMap((service) => service.lists.map((list) => [list, service] as const)))
  const seen = new Map<string, { service: Facts['services'][number]; list: string; entry: Entry }>()
  for (const [list, service] of owners) {
    for (const entry of list.entries) {
      const key = `${list.name} ${entry.name} ${entry.argument} ${entry.where.ref}`
      if (!seen.has(key)) seen.set(key, { service, list: list.name, entry })
    }
  }
  return [...seen.values()]
}

const classesOf = (services: Facts['services']) =>
  new Set(services.flatMap((service) => listWords(service.get('smtpd_restriction_classes'))))

export function unknownEntries(services: Facts['services']) {
  const classes = classesOf(services)
  return entriesOf(services).filter(
    ({ entry: { name, word } }) => !isRestriction(name) && !classes.has(word) && !/[:{}#$]/.test(name),
  )
}

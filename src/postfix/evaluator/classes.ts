import { listWords } from '../restriction-list.js'
import type { Settings } from '../settings.js'

/** The words of each restriction class, by its exact name; none for a class without a definition, on which smtpd stops. */
export function classesOf(settings: Pick<Settings, 'get'>): ReadonlyMap<string, readonly string[]> {
  const names = listWords(settings.get('smtpd_restriction_classes'))
  return new Map(names.map((name) => [name, listWords(settings.get(name))]))
}

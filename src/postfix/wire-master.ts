import { smtpListeners } from './listeners.js'
import type { MainCf } from './main-cf.js'
import type { MasterCf } from './master-cf.js'
import { insertOverrideToken, overrideList, removeOverrideToken } from './master-edit.js'
import { endsList } from './placement.js'
import { flattenClasses } from './restriction-list.js'

export interface MasterWired {
  readonly cf: MasterCf
  /** In plain words: what was added where. */
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * A listener on port 25 that has the recipient list as an override in master.cf never reads main.cf's: the word goes
 * there too, before what ends that list. Other ports (submission) are for own users and stay as they are. A list that
 * ends inside a `$name` cannot be added to safely: that is said.
 */
export function wireMaster(
  master: MasterCf,
  main: MainCf,
  names: { parameter: string; list: string },
): MasterWired {
  const word = `$${names.parameter}`
  const notes: string[] = []
  const warnings: string[] = []
  let cf = master
  for (const { service, port25 } of smtpListeners(master)) {
    const list = port25 ? overrideList(main, service, names.list) : undefined
    if (list === undefined || list.tokens.some(({ text }) => text === word)) continue
    const where = `${master.path}:${service.line}`
    const end = flattenClasses(main, list.entries).find(endsList)
    const gap = end?.first ?? list.tokens.length
    if (end !== undefined && list.tokens[end.first]?.text.startsWith('$')) {
      warnings.push(
        `${where}: ${service.name} has a ${names.list} of its own that ends inside ${list.tokens[end.first]?.text}: put ${word} before its end by hand`,
      )
      continue
    }
    cf = insertOverrideToken(cf, main, { service, list: names.list, gap }, word)
    notes.push(`${where}: ${service.name} has a ${names.list} of its own, so ${word} stands there too`)
  }
  return { cf, notes, warnings }
}

/** The reverse, wherever the word stands now. */
export function unwireMaster(
  master: MasterCf,
  main: MainCf,
  names: { parameter: string; list: string },
): MasterCf {
  let cf = master
  for (const { service } of smtpListeners(master)) {
    cf = removeOverrideToken(cf, main, { service, list: names.list }, `$${names.parameter}`)
  }
  return cf
}

import { lineAt } from './logical-lines.js'
import type { MainCf } from './main-cf.js'
import { GREYLIST_CLASS, isOurClass } from './ours.js'
import { flattenClasses, listWords, readRestrictions, restrictionClasses } from './restriction-list.js'

export interface PolicyService {
  /** The list, or the restriction class, that asks it. */
  readonly list: string
  /** As written: `inet:127.0.0.1:10023`, `unix:private/policy`. */
  readonly endpoint: string
  /** Line of the word that brings it into the list. */
  readonly line: number
  readonly greylister: 'postgrey' | 'sqlgrey' | 'greyctl' | undefined
}

/** greyctl's check of outbound mail, which is asked about every mail (docs/expected-mail.md). */
const OUTBOUND = /\bpolicy_context\s*=\s*outbound\b/

/** Every policy service that decides about mail and that a restriction list of main.cf asks, references and classes followed. */
export function findPolicyServices(
  cf: MainCf,
  parameter: string = 'greyctl_check',
): readonly PolicyService[] {
  const lists = cf.names().filter((name) => /^smtpd_[a-z_]+_restrictions$/.test(name))
  const own = serviceOf(cf, parameter)
  return [...lists, ...restrictionClasses(cf)].flatMap((list) => {
    const definition = cf.get(list)
    if (definition === undefined) return []
    const { tokens, entries } = readRestrictions(cf, definition)
    // classes are listed by themselves
    return flattenClasses(cf, entries, []).flatMap((entry) => {
      if (entry.name !== 'check_policy_service' || entry.argument === undefined) return []
      const endpoint = endpointOf(entry.argument)
      // such a check learns, and decides nothing
      if (OUTBOUND.test(entry.argument)) return []
      const ours = endpoint === own || (list === GREYLIST_CLASS && isOurClass(cf, definition))
      const greylister = ours ? 'greyctl' : knownGreylister(endpoint)
      return [{ list, endpoint, line: lineAt(cf.text, tokens[entry.first]?.start ?? 0), greylister }]
    })
  })
}

/** `inet:HOST:PORT` or `unix:PATH` of `{ endpoint, name=value, … }` or of the plain form. */
function endpointOf(argument: string): string {
  const inside = argument.startsWith('{') ? argument.slice(1, -1) : argument
  return listWords(inside)[0] ?? ''
}

function serviceOf(cf: MainCf, parameter: string): string | undefined {
  const words = listWords(cf.get(parameter)?.value ?? '')
  const at = words.findIndex((word) => word.toLowerCase() === 'check_policy_service')
  const argument = at < 0 ? undefined : words[at + 1]
  return argument && endpointOf(argument)
}

/** Debian's postgrey listens on port 10023, others on 60000; sqlgrey on 2501; sockets are named after the program. */
function knownGreylister(endpoint: string): 'postgrey' | 'sqlgrey' | undefined {
  if (/sqlgrey/i.test(endpoint) || /^inet:.*:2501$/.test(endpoint)) return 'sqlgrey'
  if (/postgrey/i.test(endpoint) || /^inet:.*:(10023|60000)$/.test(endpoint)) return 'postgrey'
  return undefined
}

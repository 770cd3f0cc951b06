import { compareLevels } from './expand.js'
import { offsetOf } from './logical-lines.js'
import type { Definition, MainCf } from './main-cf.js'
import { GREYLIST_CLASS, isOurClass } from './ours.js'
import { listWords, splitList, tokensOf } from './restriction-list.js'
import { addGreylistClass, removeGreylistClass } from './selective.js'

interface CheckOptions {
  readonly endpoint: string
  readonly postfixVersion?: string
  readonly selective?: string
}

/** What $greyctl_check stands for, and in the selective case the service that the class asks. */
export interface Check {
  readonly endpoint: string
  readonly words: string
  readonly service: string | undefined
}

export function checkFor({ endpoint, selective, postfixVersion }: CheckOptions): Check {
  const asked = service(endpoint, postfixVersion)
  if (selective === undefined) return { endpoint, words: `check_policy_service ${asked}`, service: undefined }
  return { endpoint, words: `check_client_access ${selective}`, service: asked }
}

/** Postfix before 3.0 knows no `{ … }`: what happens without an answer is its own, and cannot be said here (SMTPD_POLICY_README). */
function service(endpoint: string, version: string | undefined): string {
  const plain = version !== undefined && compareLevels(version, '3.0') < 0
  return plain ? endpoint : `{ ${endpoint}, timeout=10s, default_action=DUNNO }`
}

/** What is wired already, brought to the endpoint and the choice of clients that are wanted. */
export function withCheck(cf: MainCf, parameter: string, check: Check): MainCf {
  const known = cf.get(parameter)
  if (known === undefined) return removeGreylistClass(cf)
  const own = cf.get(GREYLIST_CLASS)
  const selective = own !== undefined && isOurClass(cf, own)
  if (check.service === undefined) {
    const all = removeGreylistClass(cf)
    return withService(all, all.get(parameter) ?? known, check, 'check_policy_service')
  }
  const narrowed = withService(cf, known, check, 'check_client_access')
  const class_ = narrowed.get(GREYLIST_CLASS)
  if (!selective || class_ === undefined) return addGreylistClass(narrowed, check.service)
  return withEndpoint(narrowed, class_, { ...check, words: `check_policy_service ${check.service}` })
}

/** The same restriction with another argument, or the other restriction in its place. Permits in front of it stay. */
function withService(cf: MainCf, definition: Definition, check: Check, name: string): MainCf {
  const tokens = tokensOf(definition)
  const at = tokens.findIndex(({ text }) => /^check_(policy_service|client_access)$/i.test(text))
  const [first, argument] = [tokens[at], tokens[at + 1]]
  // emptied by hand to switch it off: installing switches it on
  if (first === undefined || argument === undefined) return cf.set(definition.name, check.words)
  if (first.text.toLowerCase() !== name) return cf.splice(first.start, argument.end, check.words)
  if (name === 'check_policy_service') return withEndpoint(cf, definition, check)
  const wanted = listWords(check.words)[1] ?? ''
  return argument.text === wanted ? cf : cf.splice(argument.start, argument.end, wanted)
}

/** Writes the endpoint and nothing else: a timeout that somebody changed stays. */
function withEndpoint(cf: MainCf, definition: Definition, { endpoint, words }: Check): MainCf {
  const tokens = tokensOf(definition)
  const at = tokens.findIndex((token) => token.text.toLowerCase() === 'check_policy_service')
  const target = tokens[at + 1]
  if (at < 0 || target === undefined) return cf.set(definition.name, words)
  if (!target.text.startsWith('{')) {
    return target.text === endpoint ? cf : cf.splice(target.start, target.end, endpoint)
  }
  const inside = splitList(target.text.slice(1, -1))[0]
  if (inside === undefined) return cf.set(definition.name, words)
  if (target.text.slice(inside.start + 1, inside.end + 1) === endpoint) return cf
  const { logical, valueStart } = definition
  const index = logical.joined.indexOf(target.text, valueStart) + 1
  const start = offsetOf(logical, index + inside.start)
  const end = offsetOf(logical, index + inside.end - 1) + 1
  return cf.splice(start, end, endpoint)
}

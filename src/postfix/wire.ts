import { GreyctlError } from '../errors.js'
import { fillEmpty, findReferences, insertToken } from './edit.js'
import { compareLevels } from './expand.js'
import { effectiveRelayList, hasRelayGuard } from './guards.js'
import { lineAt, offsetOf } from './logical-lines.js'
import { assertParses, type Definition, type MainCf } from './main-cf.js'
import { COMMENT, COMMENT_EMPTY, createdValue, GREYCTL_PARAMETER, isOurs } from './ours.js'
import { choosePlacement, judgePlace, type OwnPermit, type PlacementWarning } from './placement.js'
import { listWords, restrictionClasses, splitList, tokensOf } from './restriction-list.js'

export { unwireGreylisting } from './unwire.js'

const DEFAULT_LIST = 'smtpd_recipient_restrictions'

export interface WireOptions {
  /** `inet:HOST:PORT` or `unix:PATH` (relative to queue_directory, or absolute). */
  readonly endpoint: string
  /** Default greyctl_check. */
  readonly parameter?: string
  /** Default smtpd_recipient_restrictions. */
  readonly list?: string
  /** mail_version; without it 3.0 or later is taken for granted. */
  readonly postfixVersion?: string
}

interface WirePlace {
  /** The parameter whose value holds the word now. */
  readonly parameter: string
  readonly line: number
  readonly after: string | undefined
  readonly before: string | undefined
  readonly reason: string
}

export interface Wired {
  readonly cf: MainCf
  readonly placement: WirePlace
  readonly warnings: readonly PlacementWarning[]
  /** The list had no entries before. */
  readonly createdList: boolean
  readonly changed: boolean
}

/**
 * Adds the check to main.cf: one parameter at the end of the file, and `$parameter` as one word of the list.
 * What is wired already stays where it is; only another endpoint is written. `unwireGreylisting` takes exactly this
 * out again. Throws GreyctlError('config-invalid') for a main.cf on which Postfix stops, ('unsupported') for
 * Postfix < 3.0, ('usage') for an endpoint, ('name-taken') when the name has another meaning here.
 */
export function wireGreylisting(cf: MainCf, options: WireOptions): Wired {
  const { endpoint, parameter = GREYCTL_PARAMETER, list = DEFAULT_LIST } = options
  assertParses(cf)
  assertVersion(options.postfixVersion)
  assertEndpoint(endpoint)
  assertNameFree(cf, parameter)
  const known = cf.get(parameter)
  const current = known === undefined ? cf : withEndpoint(cf, known, endpoint)
  const there = findReferences(current, parameter).findLast(({ definition }) =>
    isEffective(current, definition),
  )
  if (known !== undefined && there !== undefined) {
    const warnings = judgePlace(current, there.definition.name, there.index)
    return finish(cf, current, {
      list,
      parameter,
      reason: 'it is there already',
      warnings,
      createdList: false,
    })
  }
  return addToken(cf, current, { endpoint, parameter, list })
}

type Names = Required<Pick<WireOptions, 'endpoint' | 'parameter' | 'list'>>

function addToken(original: MainCf, current: MainCf, names: Names): Wired {
  const { endpoint, parameter, list } = names
  const word = `$${parameter}`
  const definition = current.get(list)
  if (definition === undefined || tokensOf(definition).length === 0) {
    // without a relay list the recipient list is the relay guard, and an explicit one must hold it
    const value = createdValue(parameter, !hasRelayGuard(effectiveRelayList(current)))
    const filled = definition === undefined ? current : fillEmpty(current, definition, value)
    const lines = definition === undefined ? [`${list} = ${value}`] : []
    const comment = definition === undefined ? COMMENT : COMMENT_EMPTY
    const cf = define(filled, parameter, [], endpoint, comment, lines)
    const reason =
      'the list had no entries: it now exempts the own networks and authenticated users, then asks'
    return finish(original, cf, { list, parameter, reason, warnings: [], createdList: true })
  }
  const leftover = findReferences(current, parameter).findLast((each) =>
    isEffective(current, each.definition),
  )
  if (leftover !== undefined) {
    const cf = define(current, parameter, [], endpoint, COMMENT, [])
    const warnings = judgePlace(cf, leftover.definition.name, leftover.index)
    return finish(original, cf, {
      list,
      parameter,
      reason: 'the list names it already',
      warnings,
      createdList: false,
    })
  }
  const { placement, warnings } = choosePlacement(current, list)
  const inserted = insertToken(current, placement.parameter, placement.gap, word)
  const cf = define(inserted, parameter, placement.missingPermits, endpoint, COMMENT, [])
  return finish(original, cf, { list, parameter, reason: placement.reason, warnings, createdList: false })
}

interface Outcome {
  readonly list: string
  readonly parameter: string
  readonly reason: string
  readonly warnings: readonly PlacementWarning[]
  readonly createdList: boolean
}

function finish(original: MainCf, cf: MainCf, outcome: Outcome): Wired {
  const { reason, warnings, createdList } = outcome
  const place = findReferences(cf, outcome.parameter).findLast(({ definition }) =>
    isEffective(cf, definition),
  )
  const token = place?.tokens[place.index]
  if (place === undefined || token === undefined) {
    throw new GreyctlError(
      'config-invalid',
      `${outcome.list} is written in a way that greyctl cannot add to`,
      {
        where: `${cf.path}:${original.get(outcome.list)?.line ?? 1}`,
        hints: ['write its entries with commas or blanks between them'],
      },
    )
  }
  const placement: WirePlace = {
    parameter: place.definition.name,
    line: lineAt(cf.text, token.start),
    after: place.tokens[place.index - 1]?.text,
    before: place.tokens[place.index + 1]?.text,
    reason,
  }
  return { cf, placement, warnings, createdList, changed: cf.text !== original.text }
}

/** The last definition of a name is the one that Postfix uses. */
function isEffective(cf: MainCf, definition: Definition): boolean {
  return cf.get(definition.name)?.line === definition.line
}

function define(
  cf: MainCf,
  parameter: string,
  permits: readonly OwnPermit[],
  endpoint: string,
  comment: string,
  more: readonly string[],
): MainCf {
  const value = [...permits, `check_policy_service ${service(endpoint)}`].join(', ')
  if (cf.get(parameter) !== undefined) return cf.append(more).set(parameter, value)
  return cf.append([comment, `${parameter} = ${value}`, ...more])
}

function service(endpoint: string): string {
  return `{ ${endpoint}, timeout=10s, default_action=DUNNO }`
}

/** Writes the endpoint and nothing else: a timeout that somebody changed stays. */
function withEndpoint(cf: MainCf, definition: Definition, endpoint: string): MainCf {
  const tokens = tokensOf(definition)
  const at = tokens.findIndex((token) => token.text.toLowerCase() === 'check_policy_service')
  const target = tokens[at + 1]
  if (at < 0 || target === undefined)
    return cf.set(definition.name, `check_policy_service ${service(endpoint)}`)
  if (!target.text.startsWith('{')) {
    return target.text === endpoint ? cf : cf.splice(target.start, target.end, endpoint)
  }
  const inside = splitList(target.text.slice(1, -1))[0]
  if (inside === undefined) return cf.splice(target.start, target.end, service(endpoint))
  if (target.text.slice(inside.start + 1, inside.end + 1) === endpoint) return cf
  const { logical, valueStart } = definition
  const index = logical.joined.indexOf(target.text, valueStart) + 1
  const start = offsetOf(logical, index + inside.start)
  const end = offsetOf(logical, index + inside.end - 1) + 1
  return cf.splice(start, end, endpoint)
}

function assertNameFree(cf: MainCf, parameter: string): void {
  const hints = [`rename it in main.cf: greyctl uses ${parameter} for its own check`]
  const foreign = cf.definitions.find(
    (definition) => definition.name === parameter && !isOurs(cf, definition),
  )
  if (foreign !== undefined) {
    const message = `main.cf has a parameter ${parameter} of another meaning: "${foreign.value}"`
    throw new GreyctlError('name-taken', message, { where: `${cf.path}:${foreign.line}`, hints })
  }
  const classes = cf.get('smtpd_restriction_classes')
  if (classes !== undefined && restrictionClasses(cf).includes(parameter)) {
    const message = `main.cf has a restriction class named ${parameter}`
    throw new GreyctlError('name-taken', message, { where: `${cf.path}:${classes.line}`, hints })
  }
  const bare = cf.definitions.find(
    ({ name, value }) => /^smtpd_.*_restrictions$/.test(name) && listWords(value).includes(parameter),
  )
  if (bare === undefined) return
  const message = `${bare.name} uses ${parameter} as the name of a restriction`
  throw new GreyctlError('name-taken', message, { where: `${cf.path}:${bare.line}`, hints })
}

function assertVersion(version: string | undefined): void {
  if (version === undefined || compareLevels(version, '3.0') >= 0) return
  throw new GreyctlError(
    'unsupported',
    `postfix ${version} cannot give a policy service its own timeout and default action`,
    {
      hints: ['greyctl needs postfix 3.0 or later: without it a stopped daemon would stop mail'],
    },
  )
}

function assertEndpoint(endpoint: string): void {
  if (/^inet:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/.test(endpoint)) return
  if (/^unix:[A-Za-z0-9_./@%+-]+$/.test(endpoint)) return
  throw new GreyctlError('usage', `not an endpoint: "${endpoint}"`, {
    hints: ['write inet:HOST:PORT or unix:PATH'],
  })
}

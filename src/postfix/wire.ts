import { GreyctlError } from '../errors.js'
import { type Check, checkFor, withCheck } from './check.js'
import { fillEmpty, findReferences, insertToken } from './edit.js'
import { guardsRelay } from './guards.js'
import { lineAt } from './logical-lines.js'
import { assertParses, type Definition, type MainCf } from './main-cf.js'
import {
  COMMENT,
  COMMENT_EMPTY,
  createdValue,
  GREYCTL_PARAMETER,
  GREYLIST_CLASS,
  isOurClass,
  isOurs,
} from './ours.js'
import { choosePlacement, judgePlace, type OwnPermit, type PlacementWarning } from './placement.js'
import { listWords, restrictionClasses, tokensOf } from './restriction-list.js'
import { addGreylistClass } from './selective.js'
import { effectiveSettings } from './settings.js'

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
  /** Ask about those clients alone that this table names, as in `regexp:/etc/postfix/check_client_greylist`. */
  readonly selective?: string
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
 * Adds the check to main.cf: one parameter at the end of the file, and `$parameter` as one word of the list; when it is
 * selective, also a restriction class. What is wired already stays where it is; only another endpoint or another choice
 * of clients is written. `unwireGreylisting` takes exactly this out again. Throws GreyctlError('config-invalid') for a
 * main.cf on which Postfix stops, ('usage') for an endpoint, ('name-taken') when a name has another meaning here.
 */
export function wireGreylisting(cf: MainCf, options: WireOptions): Wired {
  const { endpoint, parameter = GREYCTL_PARAMETER, list = DEFAULT_LIST } = options
  assertParses(cf)
  assertEndpoint(endpoint)
  assertNameFree(cf, parameter)
  if (options.selective !== undefined) assertClassFree(cf)
  const check = checkFor(options)
  const current = withCheck(cf, parameter, check)
  const known = cf.get(parameter)
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
  const added = addToken(cf, current, { check, parameter, list })
  return check.service === undefined ? added : withClass(cf, added, check.service)
}

interface Names {
  readonly check: Check
  readonly parameter: string
  readonly list: string
}

function withClass(original: MainCf, wired: Wired, asked: string): Wired {
  const cf = addGreylistClass(wired.cf, asked)
  return { ...wired, cf, changed: cf.text !== original.text }
}

function addToken(original: MainCf, current: MainCf, names: Names): Wired {
  const { check, parameter, list } = names
  const word = `$${parameter}`
  const definition = current.get(list)
  if (definition === undefined || tokensOf(definition).length === 0) {
    // without a relay list the recipient list is the relay guard, and an explicit one must hold it
    const value = createdValue(
      parameter,
      !guardsRelay(effectiveSettings(current), 'smtpd_relay_restrictions'),
    )
    const filled = definition === undefined ? current : fillEmpty(current, definition, value)
    const lines = definition === undefined ? [`${list} = ${value}`] : []
    const comment = definition === undefined ? COMMENT : COMMENT_EMPTY
    const cf = define(filled, parameter, [], check, comment, lines)
    const reason =
      'the list had no entries: it now exempts the own networks and authenticated users, then asks'
    return finish(original, cf, { list, parameter, reason, warnings: [], createdList: true })
  }
  const leftover = findReferences(current, parameter).findLast((each) =>
    isEffective(current, each.definition),
  )
  if (leftover !== undefined) {
    const cf = define(current, parameter, [], check, COMMENT, [])
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
  const cf = define(inserted, parameter, placement.missingPermits, check, COMMENT, [])
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
  check: Check,
  comment: string,
  more: readonly string[],
): MainCf {
  const value = [...permits, check.words].join(', ')
  if (cf.get(parameter) !== undefined) return cf.append(more).set(parameter, value)
  return cf.append([comment, `${parameter} = ${value}`, ...more])
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

/** Throws GreyctlError('name-taken') for a class of that name that somebody made by hand. */
function assertClassFree(cf: MainCf): void {
  const foreign = cf.definitions.find(
    (definition) => definition.name === GREYLIST_CLASS && !isOurClass(cf, definition),
  )
  if (foreign === undefined) return
  throw new GreyctlError('name-taken', `main.cf has a ${GREYLIST_CLASS} of its own: "${foreign.value}"`, {
    where: `${cf.path}:${foreign.line}`,
    hints: [
      'leave --selective out: --replace keeps a selection made by hand, and greyctl asks in its place',
      `or take ${GREYLIST_CLASS} out of main.cf first`,
    ],
  })
}

function assertEndpoint(endpoint: string): void {
  if (/^inet:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):\d{1,5}$/.test(endpoint)) return
  if (/^unix:[A-Za-z0-9_./@%+-]+$/.test(endpoint)) return
  throw new GreyctlError('usage', `not an endpoint: "${endpoint}"`, {
    hints: ['write inet:HOST:PORT or unix:PATH'],
  })
}

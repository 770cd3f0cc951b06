import { GreyctlError } from '../errors.js'
import { emptyAgain, fillEmpty, findReferences, insertToken, removeReferences } from './edit.js'
import { compareLevels } from './expand.js'
import { effectiveRelayList, hasRelayGuard } from './guards.js'
import { lineAt, lineStart, lineStop, offsetOf } from './logical-lines.js'
import { assertParses, type Definition, type MainCf } from './main-cf.js'
import { choosePlacement, judgePlace, type OwnPermit, type PlacementWarning } from './placement.js'
import { listWords, restrictionClasses, splitList, tokensOf } from './restriction-list.js'

export const GREYCTL_PARAMETER = 'greyctl_check'
const DEFAULT_LIST = 'smtpd_recipient_restrictions'

const COMMENT = '# greylisting by greyctl (greyctl uninstall takes this out)'
/** Remembers that the list was there without entries, so that uninstall leaves it so. */
const COMMENT_EMPTY =
  '# greylisting by greyctl, in a list that was empty (greyctl uninstall empties it again)'

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

export interface WirePlace {
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
  if (definition === undefined || definition.valueStart === definition.valueEnd) {
    const value = createdValue(current, word)
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
    throw new GreyctlError('internal', `the check did not arrive in ${outcome.list}`, { where: cf.path })
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

/** Without a relay list the recipient list is the relay guard, and an explicit one must hold it. */
function createdValue(cf: MainCf, word: string): string {
  const guard = hasRelayGuard(effectiveRelayList(cf)) ? [] : ['reject_unauth_destination']
  return ['permit_mynetworks', 'permit_sasl_authenticated', ...guard, word].join(', ')
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

/**
 * Takes out what `wireGreylisting` put in, also after somebody edited around it: the word wherever it stands now,
 * the parameter and the comment above it, and the list where wire made it and it is unchanged. Never fails on
 * other lines of the file being broken; a parameter of the same name with another meaning stays.
 */
export function unwireGreylisting(cf: MainCf, parameter: string = GREYCTL_PARAMETER): MainCf {
  const all = cf.definitions.filter((definition) => definition.name === parameter)
  if (!all.every((definition) => isOurs(cf, definition))) return cf
  const emptied = all.reduce((changed, definition) => undoFilled(changed, definition, parameter), cf)
  let changed = emptied
  for (;;) {
    const definition = changed.definitions.findLast((each) => each.name === parameter)
    if (definition === undefined) return removeReferences(changed, parameter)
    changed = removeBlock(changed, definition, parameter)
  }
}

function undoFilled(cf: MainCf, own: Definition, parameter: string): MainCf {
  if (commentAbove(cf, own)?.text !== COMMENT_EMPTY) return cf
  for (const { definition } of findReferences(cf, parameter)) {
    for (const value of createdValues(parameter)) {
      const undone = emptyAgain(cf, { ...definition, duplicates: [] }, value)
      if (undone !== undefined) return undone
    }
  }
  return cf
}

function createdValues(parameter: string): string[] {
  const permits = 'permit_mynetworks, permit_sasl_authenticated'
  return [`${permits}, $${parameter}`, `${permits}, reject_unauth_destination, $${parameter}`]
}

/** The parameter with its comment and, directly below, the list that wire made. Comments inside a folded value stay. */
function removeBlock(cf: MainCf, definition: Definition, parameter: string): MainCf {
  const comment = commentAbove(cf, definition)
  const pieces = definition.logical.pieces.map((piece) => ({
    start: piece.start,
    end: lineStop(cf.text, piece.end),
  }))
  const last = pieces.at(-1)
  const created = last && createdBelow(cf, last.end, parameter)
  const ranges = [...(comment ? [comment] : []), ...pieces, ...(created ? [created] : [])]
  const atEnd = ranges.at(-1)?.end === cf.text.length && !cf.text.endsWith('\n')
  let changed = cf
  for (const range of ranges.reverse()) changed = changed.splice(range.start, range.end, '')
  // appended to a file without a last line feed: the one in front was ours too
  if (atEnd && comment !== undefined) {
    const feed = /\r?\n$/.exec(changed.text)?.[0] ?? ''
    const own = Math.min(comment.lineEnd.length, feed.length)
    return changed.splice(changed.text.length - own, changed.text.length, '')
  }
  return changed
}

interface CommentLine {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly lineEnd: string
}

function commentAbove(cf: MainCf, definition: Definition): CommentLine | undefined {
  const end = definition.logical.pieces[0]?.start ?? 0
  if (end === 0) return undefined
  const start = lineStart(cf.text, end - 1)
  const line = cf.text.slice(start, end)
  const text = line.trim()
  if (text !== COMMENT && text !== COMMENT_EMPTY) return undefined
  return { start, end, text, lineEnd: line.endsWith('\r\n') ? '\r\n' : '\n' }
}

function createdBelow(
  cf: MainCf,
  start: number,
  parameter: string,
): { start: number; end: number } | undefined {
  const definition = cf.definitions.find((each) => each.logical.pieces[0]?.start === start)
  if (definition === undefined || definition.logical.pieces.length !== 1) return undefined
  const written = definition.logical.joined.replace(/\r$/, '')
  const canonical = createdValues(parameter).map((value) => `${definition.name} = ${value}`)
  return canonical.includes(written) ? { start, end: lineStop(cf.text, start) } : undefined
}

/** Ours: under our comment, or a policy check, or emptied to switch it off. */
function isOurs(cf: MainCf, definition: Definition): boolean {
  if (commentAbove(cf, definition) !== undefined || definition.value === '') return true
  return listWords(definition.value).some((word) => word.toLowerCase() === 'check_policy_service')
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

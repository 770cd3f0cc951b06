import { GreyctlError } from '../errors.js'
import { type Defaults, expandParameters } from './expand.js'
import { type LogicalLine, lineAt, offsetOf } from './logical-lines.js'
import type { Definition, MainCf } from './main-cf.js'

/** One word of a restriction list as written, a `{ … }` group being one word. Offsets are into the file's text. */
export interface Token {
  readonly text: string
  readonly start: number
  readonly end: number
}

/** A restriction with its argument, after expansion of `$name`. */
export interface RestrictionEntry {
  /** Lower case: Postfix compares names without regard to case. A bare lookup table (`hash:…`) is its own name. */
  readonly name: string
  /** As written: the names of classes are not folded. */
  readonly word: string
  readonly argument: string | undefined
  /** Prefixed by warn_if_reject: what it would reject is only logged. */
  readonly warnIfReject: boolean
  /** Indices of the first and last token that it comes from. */
  readonly first: number
  readonly last: number
}

export interface RestrictionList {
  readonly tokens: readonly Token[]
  readonly entries: readonly RestrictionEntry[]
  /** For each token: may something be put after it? Not between a restriction and its argument. */
  readonly gapAfter: readonly boolean[]
  /** A restriction at the end that still wants its argument. */
  readonly unfinished: string | undefined
}

/** CHARS_COMMA_SP of Postfix. */
const SEPARATORS = ', \t\r\n'

/** mystrtokq(3): separators do not split inside braces; an unbalanced brace runs to the end. */
export function splitList(value: string): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = []
  let at = 0
  while (at < value.length) {
    while (at < value.length && SEPARATORS.includes(value.charAt(at))) at += 1
    const start = at
    for (let depth = 0; at < value.length; at += 1) {
      const character = value.charAt(at)
      if (character === '{') depth += 1
      else if (character === '}' && depth > 0) depth -= 1
      else if (depth === 0 && SEPARATORS.includes(character)) break
    }
    if (at > start) found.push({ start, end: at })
  }
  return found
}

export function listWords(value: string): string[] {
  return splitList(value).map(({ start, end }) => value.slice(start, end))
}

/** The words of a definition's value, with their places in the file. */
export function tokensOf(definition: Definition): Token[] {
  const { logical, valueStart, valueEnd } = definition
  return tokensBetween(logical, valueStart, valueEnd)
}

/** The words of a part of a logical line; indices are into its `joined`. */
export function tokensBetween(logical: LogicalLine, from: number, to: number): Token[] {
  const value = logical.joined.slice(from, to)
  return splitList(value).map(({ start, end }) => ({
    text: value.slice(start, end),
    start: offsetOf(logical, from + start),
    end: offsetOf(logical, from + end - 1) + 1,
  }))
}

/** postconf(5), smtpd_*_restrictions: every restriction of Postfix 2.3 to 3.11. */
const KNOWN =
  /^(permit|reject|defer|defer_if_permit|defer_if_reject|sleep|warn_if_reject|check_policy_service|check_relay_domains|check_(ccert|sasl|etrn)_access|check_(client|reverse_client_hostname|helo|sender|recipient)(_(mx|ns|a))?_access|permit_(auth_destination|inet_interfaces|mx_backup|mynetworks|naked_ip_address|sasl_authenticated|tls_all_clientcerts|tls_clientcerts|dnswl_client|rhswl_client)|(reject|defer)_unauth_destination|reject_(invalid|non_fqdn|unknown)(_helo)?_hostname|reject_non_fqdn_(sender|recipient)|reject_(rbl|rbl_client|maps_rbl|multi_recipient_bounce|plaintext_session|unauth_pipelining)|reject_rhsbl_(client|reverse_client|helo|sender|recipient)|reject_unknown_(client|client_hostname|sender_domain|recipient_domain|address|forward_client_hostname|reverse_client_hostname)|reject_(unlisted|unverified)_(sender|recipient)|reject_((un)?authenticated_|known_)?sender_login_mismatch)$/

/** Is it the name of one of Postfix's own restrictions? Lower case. */
export function isRestriction(name: string): boolean {
  return KNOWN.test(name)
}

const WITH_ARGUMENT =
  /^(check_[a-z_]+_access|check_policy_service|reject_rbl|reject_rbl_client|reject_rhsbl_[a-z_]+|permit_dnswl_client|permit_rhswl_client|sleep)$/

function takesArgument(name: string): boolean {
  return WITH_ARGUMENT.test(name)
}

interface Pending {
  name?: string
  word?: string
  warnIfReject: boolean
  first: number
}

/** Groups the words of a list into restrictions with their arguments; a reference counts for what it expands to. */
export function readRestrictions(cf: MainCf, definition: Definition, defaults?: Defaults): RestrictionList {
  const tokens = tokensOf(definition)
  for (const token of tokens) assertBalanced(cf, token)
  return groupTokens(cf, tokens, defaults)
}

/** The same for words from elsewhere, such as an override in master.cf. */
export function groupTokens(cf: MainCf, tokens: readonly Token[], defaults?: Defaults): RestrictionList {
  const entries: RestrictionEntry[] = []
  const gapAfter: boolean[] = []
  let pending: Pending | undefined
  tokens.forEach((token, index) => {
    const words = token.text.includes('$')
      ? listWords(expandParameters(cf, token.text, defaults))
      : [token.text]
    for (const word of words) pending = take(word, index, pending, entries)
    gapAfter.push(pending === undefined)
  })
  return { tokens, entries, gapAfter, unfinished: pending && (pending.name ?? 'warn_if_reject') }
}

/** The same for a list that stands nowhere in the file (a default value). */
export function readRestrictionText(
  cf: MainCf,
  value: string,
  defaults?: Defaults,
): readonly RestrictionEntry[] {
  const entries: RestrictionEntry[] = []
  let pending: Pending | undefined
  listWords(expandParameters(cf, value, defaults)).forEach((word, index) => {
    pending = take(word, index, pending, entries)
  })
  return entries
}

function take(
  word: string,
  index: number,
  pending: Pending | undefined,
  out: RestrictionEntry[],
): Pending | undefined {
  const first = pending?.first ?? index
  const warnIfReject = pending?.warnIfReject ?? false
  if (pending?.name !== undefined) {
    const { name } = pending
    out.push({ name, word: pending.word ?? name, argument: word, warnIfReject, first, last: index })
    return undefined
  }
  const lower = word.toLowerCase()
  if (lower === 'warn_if_reject') return { warnIfReject: true, first }
  if (takesArgument(lower)) return { name: lower, word, warnIfReject, first }
  const name = /[:{]/.test(word) ? word : lower
  out.push({ name, word, argument: undefined, warnIfReject, first, last: index })
  return undefined
}

/** Does a warn_if_reject wait for its restriction after these words? Not when it is the argument of another one. */
export function endsInWarning(tokens: readonly Token[]): boolean {
  let pending: Pending | undefined
  tokens.forEach(({ text }, index) => {
    pending = take(text, index, pending, [])
  })
  return pending !== undefined && pending.name === undefined
}

function assertBalanced(cf: MainCf, token: Token): void {
  let depth = 0
  for (const character of token.text) {
    if (character === '{') depth += 1
    if (character === '}') depth -= 1
  }
  if (depth <= 0) return
  throw new GreyctlError('config-invalid', 'a "{" in a restriction list is never closed', {
    where: `${cf.path}:${lineAt(cf.text, token.start)}`,
    hints: ['close the brace: everything after it belongs to it otherwise'],
  })
}

/** Deeper than any configuration made by people; Postfix itself gives up on classes that contain themselves. */
const MAX_CLASS_DEPTH = 20

export function restrictionClasses(cf: MainCf): readonly string[] {
  const value = cf.get('smtpd_restriction_classes')?.value ?? ''
  return listWords(expandParameters(cf, value))
}

/** Entries with every restriction class replaced by what it contains, which is how smtpd(8) evaluates them. */
export function flattenClasses(
  cf: MainCf,
  entries: readonly RestrictionEntry[],
  classes: readonly string[] = restrictionClasses(cf),
  depth = 0,
): RestrictionEntry[] {
  const known = new Set(classes)
  return entries.flatMap((entry) => {
    const { word, name } = entry
    if (!known.has(word) || isRestriction(name) || depth >= MAX_CLASS_DEPTH) return [entry]
    const inner = flattenClasses(cf, readRestrictionText(cf, cf.get(word)?.value ?? ''), classes, depth + 1)
    return inner.map((each) => ({
      ...each,
      warnIfReject: each.warnIfReject || entry.warnIfReject,
      first: entry.first,
      last: entry.last,
    }))
  })
}

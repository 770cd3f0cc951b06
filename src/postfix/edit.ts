import { GreyctlError } from '../errors.js'
import { lineAt, lineStart, lineStop, offsetOf } from './logical-lines.js'
import type { Definition, MainCf, Parameter } from './main-cf.js'
import {
  endsInWarning,
  type RestrictionList,
  readRestrictions,
  type Token,
  tokensOf,
} from './restriction-list.js'

/**
 * Puts one word into the definition of a list that counts, before its word number `gap` (0: first; its length:
 * last), in the list's own style. Nothing else changes: the word goes right behind the word before it, so that
 * comments, folding, a trailing comma and line ends stay where they are, and `removeToken` can undo it exactly.
 * Throws GreyctlError('config-invalid') where the list is missing, empty, or wants an argument at that place, or where
 * a form feed stands for a word.
 */
export function insertToken(cf: MainCf, list: string, gap: number, word: string): MainCf {
  const definition = cf.get(list)
  if (definition === undefined || tokensOf(definition).length === 0) {
    throw new GreyctlError('config-invalid', `${list} has no entries`, { where: cf.path })
  }
  const read = readRestrictions(cf, definition)
  const blank = read.tokens.find(({ text }) => /^[\f\v]+$/.test(text))
  if (blank !== undefined) {
    throw new GreyctlError('config-invalid', `a form feed in ${list} stands for a restriction`, {
      where: `${cf.path}:${lineAt(cf.text, blank.start)}`,
      hints: ['write a blank instead: Postfix refuses mail because of it'],
    })
  }
  const before = read.tokens[gap - 1]
  if (before !== undefined && read.gapAfter[gap - 1] !== true) {
    throw new GreyctlError('config-invalid', `"${before.text}" in ${list} still wants its argument`, {
      where: `${cf.path}:${definition.line}`,
    })
  }
  const glue = glueAt(cf, read, gap) ?? lonelyGlue(cf, definition, read.tokens)
  const first = read.tokens[0]
  if (before !== undefined) return cf.splice(before.end, before.end, glue + word)
  return first === undefined ? cf : cf.splice(first.start, first.start, word + glue)
}

/** What stands between the two neighbouring entries nearest to the place: separators and, in a folded list, the indentation. */
function glueAt(cf: MainCf, { tokens, gapAfter }: RestrictionList, gap: number): string | undefined {
  const boundaries = gapAfter.flatMap((safe, index) => (safe && index + 1 < tokens.length ? [index] : []))
  const ordered = boundaries.sort((a, b) => distance(a, gap) - distance(b, gap))
  const index = ordered[0]
  const [left, right] = index === undefined ? [] : [tokens[index], tokens[index + 1]]
  if (left === undefined || right === undefined) return undefined
  const between = cf.text.slice(left.end, right.start)
  const feed = between.indexOf('\n')
  if (feed < 0) return between
  const head = between.slice(0, feed).replace(/[ \t\r]+$/, '')
  return head + cf.lineEnd + between.slice(between.lastIndexOf('\n') + 1)
}

/** The pair in front of the place first, then the pair around it, then whatever is nearest. */
function distance(boundary: number, gap: number): number {
  const steps = boundary - (gap - 2)
  return steps < 0 ? -steps * 2 + 1 : steps * 2
}

/** A list of one entry shows its style only by standing on a line of its own or not. */
function lonelyGlue(cf: MainCf, definition: Definition, tokens: readonly Token[]): string {
  const first = tokens[0]
  if (first === undefined) return ', '
  const start = lineStart(cf.text, first.start)
  if (start <= offsetOf(definition.logical, definition.equals)) return ', '
  // a form feed indents a line, and yet separates no words
  return `,${cf.lineEnd}${cf.text.slice(start, first.start).replace(/[\f\v]/g, ' ')}`
}

/** Is this word `$name`, `${name}` or `$(name)`? */
function isReference(word: string, name: string): boolean {
  return word === `$${name}` || word === `\${${name}}` || word === `$(${name})`
}

export interface Reference {
  readonly definition: Definition
  readonly tokens: readonly Token[]
  readonly index: number
}

/** Every place of the file that refers to a parameter as a word of its own, shadowed definitions included. */
export function findReferences(cf: MainCf, name: string): readonly Reference[] {
  return cf.definitions.flatMap((definition) => {
    if (!definition.value.includes('$')) return []
    const tokens = tokensOf(definition)
    return tokens.flatMap((token, index) =>
      isReference(token.text, name) ? [{ definition, tokens, index }] : [],
    )
  })
}

/** Takes out every reference, with the separators that came with it, and with a warn_if_reject that was put before it. */
export function removeReferences(cf: MainCf, name: string): MainCf {
  let changed = cf
  for (;;) {
    const reference = findReferences(changed, name).at(-1)
    if (reference === undefined) return changed
    changed = removeToken(changed, reference)
  }
}

const SEPARATORS_ALONE = /^[, \t\r\n]*$/

/** Takes out one word, with the separators that came with it. */
export function removeToken(cf: MainCf, { definition, tokens, index }: Reference): MainCf {
  const own = tokens[index]
  if (own === undefined) return cf
  // warn_if_reject would change its meaning to the restriction that comes next
  const prefixed = endsInWarning(tokens.slice(0, index))
  const from = prefixed ? index - 1 : index
  const start = tokens[from]?.start ?? own.start
  const before = tokens[from - 1]
  const after = tokens[index + 1]
  if (before !== undefined && SEPARATORS_ALONE.test(cf.text.slice(before.end, start))) {
    return cf.splice(before.end, own.end, '')
  }
  if (
    before === undefined &&
    after !== undefined &&
    SEPARATORS_ALONE.test(cf.text.slice(own.end, after.start))
  ) {
    return cf.splice(start, after.start, '')
  }
  return removeAmongComments(cf, definition, start, own.end)
}

/** Comments stand on both sides, or nothing else is in the list: the line goes when nothing else is on it. */
function removeAmongComments(cf: MainCf, definition: Definition, start: number, end: number): MainCf {
  const equals = offsetOf(definition.logical, definition.equals)
  const lineFrom = lineStart(cf.text, start)
  const lineTo = lineStop(cf.text, end)
  const left = cf.text.slice(lineFrom, start)
  const right = cf.text.slice(end, lineTo)
  if (lineFrom > equals && SEPARATORS_ALONE.test(left + right)) return cf.splice(lineFrom, lineTo, '')
  const trailing = /^,?[ \t]*/.exec(right)?.[0].length ?? 0
  const alone =
    SEPARATORS_ALONE.test(right) && cf.text.slice(equals + 1, start).trim() === '' && lineFrom <= equals
  return cf.splice(alone ? equals + 1 : start, end + trailing, '')
}

/** Adds a value right behind the equals sign of an empty definition; the rest of its lines stays. */
export function fillEmpty(cf: MainCf, definition: Parameter, value: string): MainCf {
  const at = offsetOf(definition.logical, definition.equals) + 1
  return cf.splice(at, at, ` ${value}`)
}

/** The reverse of `fillEmpty`; undefined when the definition no longer reads as that left it. */
export function emptyAgain(cf: MainCf, definition: Parameter, value: string): MainCf | undefined {
  const at = offsetOf(definition.logical, definition.equals) + 1
  const written = definition.logical.joined.slice(definition.equals + 1)
  if (!written.startsWith(` ${value}`) || !/^[\s,]*$/.test(written.slice(value.length + 1))) return undefined
  return cf.splice(at, at + value.length + 1, '')
}

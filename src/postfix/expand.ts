import { GreyctlError } from '../errors.js'
import type { MainCf } from './main-cf.js'

/** The value of a parameter that main.cf does not set; undefined where there is none. */
export type Defaults = (name: string) => string | undefined

/** As deep as Postfix goes before it calls the nesting unreasonable (mac_expand(3)). */
const MAX_DEPTH = 100
/** Characters; a few `$a$a` in a row would otherwise fill the memory. */
const MAX_LENGTH = 1_000_000

interface Context {
  readonly lookup: Defaults
  readonly path: string
  depth: number
  budget: number
}

/**
 * Replaces `$name`, `${name}`, `$(name)`, `${name?text}`, `${name:text}`, `${name?{a}:{b}}` and comparisons
 * (`${{$x} == {y} ? {a} : {b}}`) as postconf(5) describes; an unknown name is empty, `$$` is one `$`.
 * Throws GreyctlError('config-invalid') for a parameter that contains itself.
 */
export function expandParameters(cf: MainCf, value: string, defaults: Defaults = () => undefined): string {
  return expandWith((name) => cf.get(name)?.value ?? defaults(name), value, cf.path)
}

/** The same with any source of values; `path` is for the message. */
export function expandWith(lookup: Defaults, value: string, path: string): string {
  return value.includes('$') ? expand(value, { lookup, path, depth: 0, budget: MAX_LENGTH }) : value
}

function expand(text: string, context: Context): string {
  if (context.depth > MAX_DEPTH || context.budget < 0) {
    throw new GreyctlError('config-invalid', 'a parameter of main.cf refers to itself', {
      where: context.path,
      hints: ['"postconf -x" shows the same loop; correct the parameter that names itself'],
    })
  }
  context.depth += 1
  let out = ''
  for (let at = 0; at < text.length; ) {
    const [piece, next] = text[at] === '$' ? reference(text, at, context) : plain(text, at)
    out += piece
    at = next
  }
  context.depth -= 1
  context.budget -= out.length
  return out
}

function plain(text: string, at: number): [string, number] {
  const next = text.indexOf('$', at)
  const end = next < 0 ? text.length : next
  return [text.slice(at, end), end]
}

function reference(text: string, at: number, context: Context): [string, number] {
  const after = text[at + 1]
  if (after === '$') return ['$', at + 2]
  if (after === '{' || after === '(') {
    const close = closing(text, at + 1)
    if (close === undefined) return [text.slice(at), text.length]
    return [braced(text.slice(at + 2, close), context), close + 1]
  }
  const name = /^[A-Za-z0-9_]+/.exec(text.slice(at + 1))?.[0]
  if (name === undefined) return ['$', at + 1]
  return [named(name, context), at + 1 + name.length]
}

function named(name: string, context: Context): string {
  return expand(context.lookup(name) ?? '', context)
}

/** What stands between the braces: a name, a name with a condition, or a comparison. */
function braced(inside: string, context: Context): string {
  const comparison = compared(inside, context)
  if (comparison !== undefined) return comparison
  const match = /^\s*([A-Za-z0-9_]+)\s*([?:])?/.exec(inside)
  if (match?.[1] === undefined) return ''
  if (match[2] === undefined) return named(match[1], context)
  const rest = inside.slice(match[0].length)
  // mac_expand(3) tests the value as written: `$empty` is not empty
  const isSet = (context.lookup(match[1]) ?? '') !== ''
  if (match[2] === '?') return choose(isSet, rest, context)
  // a value that is there is tested, not inserted: hence the ${stress?1}${stress:5} that people write
  return isSet ? '' : expand(unwrap(rest), context)
}

/** `text`, `{text}` or `{yes}:{no}`. */
function choose(condition: boolean, rest: string, context: Context): string {
  const start = rest.length - rest.trimStart().length
  const close = rest[start] === '{' ? closing(rest, start) : undefined
  if (close === undefined) return condition ? expand(rest, context) : ''
  const no = /^\s*:/.exec(rest.slice(close + 1))
  if (condition) return expand(rest.slice(start + 1, close).trim(), context)
  return no === null ? '' : expand(unwrap(rest.slice(close + 1 + no[0].length)), context)
}

function compared(inside: string, context: Context): string | undefined {
  const start = inside.length - inside.trimStart().length
  if (inside[start] !== '{') return undefined
  const leftEnd = closing(inside, start)
  if (leftEnd === undefined) return undefined
  const operator = /^\s*(==|!=|<=|>=|<|>)(level)?\s*(?=\{)/.exec(inside.slice(leftEnd + 1))
  if (operator === null) return undefined
  const rightStart = leftEnd + 1 + operator[0].length
  const rightEnd = closing(inside, rightStart)
  if (rightEnd === undefined) return undefined
  const left = expand(inside.slice(start + 1, leftEnd).trim(), context)
  const right = expand(inside.slice(rightStart + 1, rightEnd).trim(), context)
  const rest = inside.slice(rightEnd + 1)
  const holds = judge(left, operator[1] ?? '==', right, operator[2] !== undefined)
  const question = /^\s*\?/.exec(rest)
  if (question !== null) return choose(holds, rest.slice(question[0].length), context)
  const colon = /^\s*:/.exec(rest)
  if (colon !== null) return holds ? '' : expand(unwrap(rest.slice(colon[0].length)), context)
  return holds ? 'bool:true' : ''
}

function judge(left: string, operator: string, right: string, level: boolean): boolean {
  const order = level ? compareLevels(left, right) : compareText(left, right)
  const table: Record<string, boolean> = {
    '==': order === 0,
    '!=': order !== 0,
    '<': order < 0,
    '<=': order <= 0,
    '>': order > 0,
    '>=': order >= 0,
  }
  return table[operator] ?? false
}

function compareText(left: string, right: string): number {
  if (/^\d+$/.test(left) && /^\d+$/.test(right)) return Number(left) - Number(right)
  return left < right ? -1 : left > right ? 1 : 0
}

/** Order of two compatibility levels or versions: 3.10 is after 3.9 (postconf(5) compatibility_level). */
export function compareLevels(left: string, right: string): number {
  const parts = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10) || 0)
  const [a, b] = [parts(left), parts(right)]
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

function unwrap(text: string): string {
  const trimmed = text.trim()
  return trimmed.startsWith('{') && closing(trimmed, 0) === trimmed.length - 1
    ? trimmed.slice(1, -1).trim()
    : text
}

/** Index of what closes the brace or parenthesis at `open`. */
function closing(text: string, open: number): number | undefined {
  const [up, down] = text[open] === '(' ? ['(', ')'] : ['{', '}']
  let depth = 0
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === up) depth += 1
    if (text[at] === down) depth -= 1
    if (depth === 0) return at
  }
  return undefined
}

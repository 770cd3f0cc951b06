import { GreyctlError } from '../errors.js'
import { isSpace, type LogicalLine, lineStop, offsetOf, scanLogicalLines } from './logical-lines.js'

/** One `name = value` of the file. Indices are into `logical.joined`; `offsetOf` turns them into places in the text. */
export interface Definition {
  readonly name: string
  /** As postconf prints it: trimmed, folds and runs of blanks replaced by one space. Not expanded. */
  readonly value: string
  readonly line: number
  readonly logical: LogicalLine
  /** Index of the equals sign. */
  readonly equals: number
  /** The value as written, without surrounding whitespace: [valueStart, valueEnd). */
  readonly valueStart: number
  readonly valueEnd: number
}

export interface Parameter extends Definition {
  /** Lines of the earlier definitions, which Postfix ignores: the last one wins. */
  readonly duplicates: readonly number[]
}

interface Problem {
  readonly kind: 'missing-equals' | 'missing-name' | 'leading-whitespace' | 'nul'
  readonly line: number
  readonly message: string
  /** Whether Postfix stops on it; it warns, and ignores the line, otherwise. */
  readonly fatal: boolean
}

/**
 * A main.cf as a value, lossless: `toString()` gives back the parsed text and every change touches only what it
 * names. Text from `parseMainCfBytes` holds one character a byte (latin1), since real files mix UTF-8 and latin1
 * comments; `toBytes()` reverses whichever way the text came in.
 */
export interface MainCf {
  readonly path: string
  readonly text: string
  /** In file order, duplicates included. */
  readonly definitions: readonly Definition[]
  readonly problems: readonly Problem[]
  /** The line end that most lines use. */
  readonly lineEnd: '\n' | '\r\n'
  get(name: string): Parameter | undefined
  /** Each name once, in order of first appearance. */
  names(): readonly string[]
  /** Changes the definition that counts, or appends one. Comments inside a folded value stay. Throws GreyctlError('usage') for a value that would not be read back. */
  set(name: string, value: string): MainCf
  /** Removes all definitions of the name; comments between their lines stay. */
  unset(name: string): MainCf
  /** Adds whole lines at the end, in the file's own line end; a file without a last line feed stays without. */
  append(lines: readonly string[]): MainCf
  /** Replaces text[start, end). */
  splice(start: number, end: number, replacement: string): MainCf
  toString(): string
  toBytes(): Buffer
}

const DEFAULT_PATH = '/etc/postfix/main.cf'

export function parseMainCf(text: string, path: string = DEFAULT_PATH): MainCf {
  return new Model(text, path, 'utf8')
}

export function parseMainCfBytes(bytes: Buffer, path: string = DEFAULT_PATH): MainCf {
  return new Model(bytes.toString('latin1'), path, 'latin1')
}

/** Throws GreyctlError('config-invalid') naming the first line on which every Postfix program would stop. */
export function assertParses(cf: MainCf): void {
  const problem = cf.problems.find((candidate) => candidate.fatal)
  if (problem === undefined) return
  throw new GreyctlError('config-invalid', problem.message, {
    where: `${cf.path}:${problem.line}`,
    hints: [`correct line ${problem.line} of ${cf.path}; "postconf -n" must work without an error first`],
  })
}

class Model implements MainCf {
  readonly definitions: readonly Definition[]
  readonly problems: readonly Problem[]
  readonly lineEnd: '\n' | '\r\n'
  private byName: ReadonlyMap<string, readonly Definition[]> | undefined

  constructor(
    readonly text: string,
    readonly path: string,
    private readonly encoding: 'latin1' | 'utf8',
  ) {
    const read = scanLogicalLines(text).map(readLine)
    this.definitions = read.filter((item): item is Definition => 'name' in item)
    const problems = read.filter((item): item is Problem => 'kind' in item)
    this.problems = [...problems, ...nulProblems(text)].sort((a, b) => a.line - b.line)
    const feeds = text.split('\n').length - 1
    this.lineEnd = (text.split('\r\n').length - 1) * 2 > feeds ? '\r\n' : '\n'
  }

  get(name: string): Parameter | undefined {
    this.byName ??= grouped(this.definitions)
    const all = this.byName.get(name) ?? []
    const last = all.at(-1)
    return last && { ...last, duplicates: all.slice(0, -1).map((definition) => definition.line) }
  }

  names(): readonly string[] {
    return [...new Set(this.definitions.map((definition) => definition.name))]
  }

  set(name: string, value: string): MainCf {
    assertWritable(name, value)
    const known = this.get(name)
    if (known === undefined) return this.append([`${name} =${value === '' ? '' : ` ${value}`}`])
    const { logical } = known
    const last = logical.pieces.findIndex((piece) => offsetOf(logical, known.equals) < piece.end)
    const kept = logical.pieces[last]
    if (kept === undefined) return this
    let text = this.text
    for (const piece of logical.pieces.slice(last + 1).reverse()) text = withoutLine(text, piece)
    const equals = offsetOf(logical, known.equals) + 1
    const content = text.slice(equals, kept.end)
    const glue = content.trim() === '' ? ' ' : (/^[ \t]*/.exec(content)?.[0] ?? '')
    const carriageReturn = content.endsWith('\r') ? '\r' : ''
    const written = value === '' ? '' : glue + value
    return this.with(text.slice(0, equals) + written + carriageReturn + text.slice(kept.end))
  }

  unset(name: string): MainCf {
    let text = this.text
    for (const definition of this.definitions.filter((each) => each.name === name).reverse()) {
      for (const piece of [...definition.logical.pieces].reverse()) text = withoutLine(text, piece)
    }
    return this.with(text)
  }

  append(lines: readonly string[]): MainCf {
    const end = this.lineEnd
    if (this.text === '' || this.text.endsWith('\n')) {
      return this.with(this.text + lines.map((line) => line + end).join(''))
    }
    return this.with([this.text, ...lines].join(end))
  }

  splice(start: number, end: number, replacement: string): MainCf {
    return this.with(this.text.slice(0, start) + replacement + this.text.slice(end))
  }

  toString(): string {
    return this.text
  }

  toBytes(): Buffer {
    return Buffer.from(this.text, this.encoding)
  }

  private with(text: string): MainCf {
    return text === this.text ? this : new Model(text, this.path, this.encoding)
  }
}

function grouped(definitions: readonly Definition[]): ReadonlyMap<string, readonly Definition[]> {
  const groups = new Map<string, Definition[]>()
  for (const definition of definitions) {
    const group = groups.get(definition.name)
    if (group === undefined) groups.set(definition.name, [definition])
    else group.push(definition)
  }
  return groups
}

/** split_nameval() of Postfix: blanks around the name and the value do not count. */
function readLine(logical: LogicalLine): Definition | Problem {
  const { joined, line } = logical
  if (isSpace(joined[0])) {
    const message = 'the first line of the file starts with whitespace, so postfix ignores it'
    return { kind: 'leading-whitespace', line, message, fatal: false }
  }
  if (joined[0] === '=')
    return { kind: 'missing-name', line, message: 'no parameter name before "="', fatal: true }
  let nameEnd = 0
  while (nameEnd < joined.length && joined[nameEnd] !== '=' && !isSpace(joined[nameEnd])) nameEnd += 1
  const equals = skipSpace(joined, nameEnd)
  if (joined[equals] !== '=') {
    const message = `missing "=" after the parameter name "${joined.slice(0, nameEnd)}"; a continued list must be indented`
    return { kind: 'missing-equals', line, message, fatal: true }
  }
  const valueStart = skipSpace(joined, equals + 1)
  let valueEnd = joined.length
  while (valueEnd > valueStart && isSpace(joined[valueEnd - 1])) valueEnd -= 1
  const value = joined.slice(valueStart, valueEnd).replace(/[ \t\n\v\f\r]+/g, ' ')
  return { name: joined.slice(0, nameEnd), value, line, logical, equals, valueStart, valueEnd }
}

function nulProblems(text: string): Problem[] {
  const at = text.indexOf('\0')
  if (at < 0) return []
  const line = text.slice(0, at).split('\n').length
  return [{ kind: 'nul', line, message: 'a NUL byte: postfix ignores the rest of the line', fatal: true }]
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text[at])) at += 1
  return at
}

function withoutLine(text: string, piece: { start: number; end: number }): string {
  return text.slice(0, piece.start) + text.slice(lineStop(text, piece.end))
}

function assertWritable(name: string, value: string): void {
  if (!/^[^\s=#\0][^\s=\0]*$/u.test(name)) throw new GreyctlError('usage', `not a parameter name: "${name}"`)
  if (/[\0\r\n]/.test(value) || value !== value.trim()) {
    throw new GreyctlError('usage', `the value of ${name} must be one line without blanks around it`)
  }
}

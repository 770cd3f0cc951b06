import { isSpace, type LogicalLine, lineAt, offsetOf, scanLogicalLines } from './logical-lines.js'

/** A word of a service, with its place in the file's text: [start, end). */
export interface MasterWord {
  /** As written, braces included. */
  readonly text: string
  /** Index into the `joined` of its logical line. */
  readonly at: number
  readonly start: number
  readonly end: number
  readonly line: number
}

/** `-o name=value`, `-oname=value` or `-o { name = value }`. */
export interface MasterOverride {
  readonly name: string
  /** Folds and runs of blanks replaced by one space, as postconf -P prints it. Not expanded. */
  readonly value: string
  readonly line: number
  /** The option alone, or the one word that holds both. */
  readonly option: MasterWord
  /** What holds name and value. */
  readonly word: MasterWord
  /** The value in the `joined` of the logical line: [valueStart, valueEnd). */
  readonly valueStart: number
  readonly valueEnd: number
}

/** One service of master.cf (master(5)); columns as written, `-` for the default. */
export interface MasterService {
  readonly name: string
  readonly type: string
  readonly line: number
  readonly private: string
  readonly unprivileged: string
  readonly chroot: string
  readonly wakeup: string
  readonly maxproc: string
  readonly command: string
  /** All eight columns, then the arguments. */
  readonly words: readonly MasterWord[]
  readonly args: readonly MasterWord[]
  /** In order; of two with one name the last counts. */
  readonly overrides: readonly MasterOverride[]
  /** Words that are no option and belong to none: what a blank inside `-o name=value` leaves behind, or what pipe(8) runs. */
  readonly stray: readonly MasterWord[]
  readonly logical: LogicalLine
}

interface Problem {
  readonly line: number
  readonly message: string
}

/**
 * A master.cf as a value, lossless like main.cf's: `toString()` gives back the parsed text. `parseMasterCfBytes`
 * holds one character a byte (latin1); `toBytes()` reverses whichever way the text came in.
 */
export interface MasterCf {
  readonly path: string
  readonly text: string
  /** In file order, duplicates included. */
  readonly services: readonly MasterService[]
  /** On each of them master(8) stops. */
  readonly problems: readonly Problem[]
  readonly lineEnd: '\n' | '\r\n'
  /** The last of that name and type: it counts (master(5)). */
  get(name: string, type: string): MasterService | undefined
  splice(start: number, end: number, replacement: string): MasterCf
  toString(): string
  toBytes(): Buffer
}

const DEFAULT_PATH = '/etc/postfix/master.cf'

export function parseMasterCf(text: string, path: string = DEFAULT_PATH): MasterCf {
  return new Model(text, path, 'utf8')
}

export function parseMasterCfBytes(bytes: Buffer, path: string = DEFAULT_PATH): MasterCf {
  return new Model(bytes.toString('latin1'), path, 'latin1')
}

class Model implements MasterCf {
  readonly services: readonly MasterService[]
  readonly problems: readonly Problem[]
  readonly lineEnd: '\n' | '\r\n'

  constructor(
    readonly text: string,
    readonly path: string,
    private readonly encoding: 'latin1' | 'utf8',
  ) {
    const problems: Problem[] = []
    const read = scanLogicalLines(text).map((logical) => readService(text, logical, problems))
    this.services = read.filter((service) => service !== undefined)
    this.problems = problems
    const feeds = text.split('\n').length - 1
    this.lineEnd = (text.split('\r\n').length - 1) * 2 > feeds ? '\r\n' : '\n'
  }

  get(name: string, type: string): MasterService | undefined {
    return this.services.findLast((service) => service.name === name && service.type === type)
  }

  splice(start: number, end: number, replacement: string): MasterCf {
    return new Model(this.text.slice(0, start) + replacement + this.text.slice(end), this.path, this.encoding)
  }

  toString(): string {
    return this.text
  }

  toBytes(): Buffer {
    return Buffer.from(this.text, this.encoding)
  }
}

const COLUMNS = 8
/** What the columns between type and command may hold, as get_master_ent() has it. */
const VALID: readonly (readonly [string, RegExp])[] = [
  ['private', /^[-yn]$/],
  ['unprivileged', /^[-yn]$/],
  ['chroot', /^[-yn]$/],
  ['wakeup', /^(-|\d+\??)$/],
  ['process limit', /^(-|\d+)$/],
]
const TYPES = new Set(['inet', 'unix', 'unix-dgram', 'fifo', 'pass'])
/** CHARS_SPACE of Postfix: what separates words. */
const BLANKS = ' \t\r\n'

/** get_master_ent() of master(8). */
function readService(text: string, logical: LogicalLine, problems: Problem[]): MasterService | undefined {
  if (isSpace(logical.joined[0])) {
    problems.push({ line: logical.line, message: 'the first line of the file starts with whitespace' })
    return undefined
  }
  const words = wordsOf(text, logical)
  if (words.length < COLUMNS) {
    problems.push({ line: logical.line, message: `${words.length} fields instead of ${COLUMNS}` })
    return undefined
  }
  const columns = words.slice(0, COLUMNS).map((word) => word.text)
  const [name = '', type = '', private_ = '', unprivileged = '', chroot = '', wakeup = ''] = columns
  const [maxproc = '', command = ''] = columns.slice(6)
  if (!TYPES.has(type)) {
    problems.push({ line: logical.line, message: `"${type}" is no service type` })
    return undefined
  }
  VALID.forEach(([column, valid], index) => {
    const text = columns[index + 2] ?? ''
    if (!valid.test(text)) problems.push({ line: logical.line, message: `${column} cannot be "${text}"` })
  })
  const args = words.slice(COLUMNS)
  for (const word of args.filter(({ text }) => isBrokenGroup(text))) {
    problems.push({ line: word.line, message: `a brace that does not close at the end of "${word.text}"` })
  }
  const columnsByName = { name, type, private: private_, unprivileged, chroot, wakeup, maxproc, command }
  return { ...columnsByName, line: logical.line, words, args, logical, ...readOptions(args) }
}

/** Columns end at a blank; in an argument blanks between braces are part of the word (master(5), "{ and }"). */
function wordsOf(text: string, logical: LogicalLine): MasterWord[] {
  const { joined } = logical
  const words: MasterWord[] = []
  let at = 0
  for (;;) {
    while (at < joined.length && BLANKS.includes(joined.charAt(at))) at += 1
    if (at >= joined.length) return words
    const start = at
    for (let depth = 0; at < joined.length; at += 1) {
      const character = joined.charAt(at)
      if (words.length >= COLUMNS && character === '{') depth += 1
      else if (character === '}' && depth > 0) depth -= 1
      else if (depth === 0 && BLANKS.includes(character)) break
    }
    const from = offsetOf(logical, start)
    const end = offsetOf(logical, at - 1) + 1
    words.push({ text: joined.slice(start, at), at: start, start: from, end, line: lineAt(text, from) })
  }
}

function isBrokenGroup(text: string): boolean {
  if (!text.startsWith('{')) return false
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1
    if (text[at] === '}') depth -= 1
    if (depth === 0) return at < text.length - 1
  }
  return true
}

/** Options of Postfix's daemons that take a value, as their main programs give them to getopt(3). */
const WITH_VALUE = 'imnorst'

/** Options come first; behind the first word that is none, everything is an argument. */
function readOptions(args: readonly MasterWord[]): Pick<MasterService, 'overrides' | 'stray'> {
  const overrides: MasterOverride[] = []
  for (let at = 0; at < args.length; at += 1) {
    const option = args[at] as MasterWord
    if (!/^-[^-]/.test(option.text)) return { overrides, stray: args.slice(at) }
    // `-vo name=value` is two options
    const letter = [...option.text].findIndex((each, index) => index > 0 && WITH_VALUE.includes(each))
    if (letter < 0) continue
    const inside = option.text.length > letter + 1
    const word = inside ? option : args[at + 1]
    if (!inside) at += 1
    if (word === undefined || option.text[letter] !== 'o') continue
    const override = readOverride(option, word, inside ? letter + 1 : 0)
    if (override !== undefined) overrides.push(override)
  }
  return { overrides, stray: [] }
}

function readOverride(option: MasterWord, word: MasterWord, skip: number): MasterOverride | undefined {
  const body = word.text.slice(skip)
  const inside = body.startsWith('{') && !isBrokenGroup(body) ? body.slice(0, -1) : body
  const match = /^(\{?\s*([^\s={]+)\s*=\s*)([\s\S]*?)\s*$/.exec(inside)
  if (match === null) return undefined
  const [, head = '', name = '', value = ''] = match
  const valueStart = word.at + skip + head.length
  const place = { line: word.line, option, word, valueStart, valueEnd: valueStart + value.length }
  return { name, value: value.replace(/[ \t\r\n]+/g, ' '), ...place }
}

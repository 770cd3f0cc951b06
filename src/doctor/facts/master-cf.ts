import { type LogicalLine, lineAt, offsetOf, scanLogicalLines } from '../../postfix/logical-lines.js'

/** One service of master.cf (master(5)). */
export interface MasterService {
  readonly name: string
  readonly type: string
  readonly line: number
  readonly chroot: string
  readonly maxproc: string
  readonly command: string
  readonly args: readonly Word[]
  readonly overrides: readonly Override[]
  /** Words that are no option and belong to no option: what a blank inside `-o name=value` leaves behind. */
  readonly stray: readonly Word[]
}

interface Word {
  readonly text: string
  readonly line: number
}

export interface Override {
  readonly name: string
  readonly value: string
  readonly line: number
}

export interface MasterCf {
  readonly services: readonly MasterService[]
  readonly problems: readonly { readonly line: number; readonly message: string }[]
}

const TYPES = new Set(['inet', 'unix', 'unix-dgram', 'fifo', 'pass'])

export function parseMasterCf(text: string): MasterCf {
  const services: MasterService[] = []
  const problems: { line: number; message: string }[] = []
  for (const logical of scanLogicalLines(text)) {
    const words = wordsOf(text, logical)
    const [name = '', type = '', , , chroot = '', , maxproc = '', command = ''] = words.map(
      (word) => word.text,
    )
    if (words.length < 8) {
      problems.push({ line: logical.line, message: `${words.length} fields instead of 8` })
      continue
    }
    if (!TYPES.has(type)) {
      problems.push({ line: logical.line, message: `"${type}" is no service type` })
      continue
    }
    const args = words.slice(8)
    services.push({ name, type, line: logical.line, chroot, maxproc, command, args, ...readOptions(args) })
  }
  return { services, problems }
}

/** Words are separated by blanks; `{ … }` is one word. */
function wordsOf(text: string, logical: LogicalLine): Word[] {
  const { joined } = logical
  const words: Word[] = []
  for (let at = 0; at < joined.length; ) {
    if (/\s/.test(joined.charAt(at))) {
      at += 1
      continue
    }
    const end = joined[at] === '{' ? groupEnd(joined, at) : wordEnd(joined, at)
    words.push({ text: joined.slice(at, end), line: lineAt(text, offsetOf(logical, at)) })
    at = end
  }
  return words
}

function wordEnd(text: string, start: number): number {
  const length = /^\S+/.exec(text.slice(start))?.[0].length ?? 0
  return start + length
}

/** Behind the brace that closes the one at `start`, or the end. */
function groupEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1
    if (text[at] === '}') depth -= 1
    if (depth === 0) return at + 1
  }
  return text.length
}

/** `-o name=value`, `-oname=value`, `-o { name = value }`; other options of daemons are single letters, some with a value. */
function readOptions(args: readonly Word[]): Pick<MasterService, 'overrides' | 'stray'> {
  const overrides: Override[] = []
  const stray: Word[] = []
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at] as Word
    if (word.text === '-o') {
      const next = args[at + 1]
      at += 1
      const override = next && readOverride(next)
      if (override) overrides.push(override)
      continue
    }
    if (word.text.startsWith('-o')) {
      const override = readOverride({ ...word, text: word.text.slice(2) })
      if (override) overrides.push(override)
    } else if (!word.text.startsWith('-')) {
      const before = args[at - 1]?.text ?? ''
      // the value of an option like `-n name`
      if (!/^-[a-zA-Z]$/.test(before) || before === '-v') stray.push(word)
    }
  }
  return { overrides, stray }
}

function readOverride({ text, line }: Word): Override | undefined {
  const inside = text.startsWith('{') ? text.replace(/^\{|\}$/g, '') : text
  const match = /^\s*([^\s=]+)\s*=\s*([\s\S]*?)\s*$/.exec(inside)
  return match ? { name: match[1] ?? '', value: (match[2] ?? '').replace(/\s+/g, ' '), line } : undefined
}

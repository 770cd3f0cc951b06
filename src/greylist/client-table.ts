import type { ListWarning } from './list-file.js'
import { fromPosix } from './posix-expression.js'

/** The action of client names that selective greylisting checks: a restriction class of that name. */
export const CHECKED_ACTION = 'check_greylist'

/** The line of a table that decided. */
export interface TableRule {
  /** As it is written: `check_greylist`, `DUNNO`. */
  readonly action: string
  /** From 1. */
  readonly line: number
  /** With its slashes and flags. */
  readonly expression: string
  /** The comment directly above, without its `#`: why; '' where there is none. */
  readonly reason: string
}

export interface ClientTable {
  readonly rules: readonly TableRule[]
  /** The first line that matches; undefined: none does. */
  lookup(name: string): TableRule | undefined
}

interface Condition {
  readonly expression: RegExp
  readonly negated: boolean
}

interface Entry extends TableRule {
  /** Its own, behind those of the `if` blocks around it: all have to hold. */
  readonly conditions: readonly Condition[]
}

/**
 * regexp_table(5), so far as tables of client names go: `/expression/flags action`, `!/expression/`, `if` and `endif`,
 * comments, lines that go on. What cannot be understood is reported with its line and left out.
 */
export function parseClientTable(
  path: string,
  text: string,
): { readonly table: ClientTable; readonly warnings: readonly ListWarning[] } {
  const entries: Entry[] = []
  const warnings: ListWarning[] = []
  const within: Condition[] = []
  for (const { line, content, reason } of tableLines(text)) {
    const complaint = addLine(content, within, (expression, action, conditions) =>
      entries.push({ expression, action, line, reason, conditions }),
    )
    if (complaint !== undefined) warnings.push({ path, line, message: complaint })
  }
  if (within.length > 0) {
    warnings.push({ path, line: text.split('\n').length, message: 'an if without its endif' })
  }
  const lookup = (name: string) =>
    entries.find(({ conditions }) => conditions.every((one) => holds(one, name)))
  return { table: { rules: entries, lookup }, warnings }
}

const LINE = /^(if\s+)?(!?)(\/(?:\\.|[^/\\])*\/)([a-z]*)(?:\s+(\S.*))?$/i

/** A string says what is wrong with the line. */
function addLine(
  content: string,
  within: Condition[],
  add: (expression: string, action: string, conditions: readonly Condition[]) => void,
): string | undefined {
  if (/^endif$/i.test(content)) return within.pop() === undefined ? 'an endif without its if' : undefined
  const [, block, not, quoted = '', flags = '', action] = LINE.exec(content) ?? []
  if (quoted === '') return 'no /expression/ at the start of the line'
  // case is ignored, and the flag i turns that off
  const unknown = flags.replace(/[ix]/g, '')
  if (unknown !== '') return `flags not understood: ${unknown}`
  const expression = fromPosix(quoted.slice(1, -1).replace(/\\\//g, '/'), flags.includes('i') ? '' : 'i')
  if (typeof expression === 'string') return expression
  const condition: Condition = { expression, negated: not === '!' }
  if (block !== undefined) within.push(condition)
  else if (action === undefined) return 'no action behind the expression'
  else add(`${not}${quoted}${flags}`, action, [...within, condition])
  return undefined
}

function holds({ expression, negated }: Condition, name: string): boolean {
  return expression.test(name) !== negated
}

interface TableLine {
  readonly line: number
  readonly content: string
  readonly reason: string
}

/** Logical lines, each with the comment directly above it. A line that starts with a blank goes on with the one before. */
function tableLines(text: string): readonly TableLine[] {
  const lines: TableLine[] = []
  let comment: string[] = []
  for (const [index, whole] of text.split('\n').entries()) {
    const content = whole.trim()
    const last = lines.at(-1)
    if (content === '') comment = []
    else if (content.startsWith('#')) comment.push(content.replace(/^#+\s*/, ''))
    else if (/^\s/.test(whole) && last) {
      lines[lines.length - 1] = { ...last, content: `${last.content} ${content}` }
    } else {
      lines.push({ line: index + 1, content, reason: comment.join(' ') })
      comment = []
    }
  }
  return lines
}

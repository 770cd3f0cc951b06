import { type AST, ParseError, parseTOML } from 'toml-eslint-parser'

/** Keys from the top to a value; numbers count the elements of a list. */
export type Path = readonly (string | number)[]

/** A configuration file as plain values, and where each of them stands. */
export interface Document {
  readonly value: Readonly<Record<string, unknown>>
  /** The line of a value, or of what holds it where it is missing. Lines count from 1. */
  lineOf(path: Path): number
}

/** What is no TOML, and the line where that shows. */
export interface SyntaxComplaint {
  readonly line: number
  readonly message: string
}

export function isDocument(parsed: Document | SyntaxComplaint): parsed is Document {
  return 'value' in parsed
}

/** Names that mean something to JavaScript's objects: validators pass over them, and nothing here is called so. */
const FORBIDDEN: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor'])

class ForbiddenKey extends Error {
  constructor(
    name: string,
    readonly line: number,
  ) {
    super(`unknown key ${name}`)
  }
}

/** TOML 1.0 (toml.io). Never throws. */
export function parseDocument(text: string): Document | SyntaxComplaint {
  const lines = new Map<string, number>()
  try {
    const program = parseTOML(text.replace(/^\uFEFF/, ''), { tomlVersion: '1.0' })
    const value: Table = {}
    for (const node of program.body[0].body) {
      if (node.type === 'TOMLKeyValue') addPair(value, [], node, lines)
      else addTable(value, node, lines)
    }
    return { value, lineOf: (path) => nearest(lines, path) }
  } catch (error) {
    if (error instanceof ParseError) {
      return { line: error.lineNumber, message: `not TOML: ${lowerFirst(error.message)}` }
    }
    if (error instanceof ForbiddenKey) return { line: error.line, message: error.message }
    if (error instanceof RangeError) return { line: 1, message: 'not TOML: nested too deeply' }
    throw error
  }
}

type Table = Record<string, unknown>

function addTable(root: Table, node: AST.TOMLTable, lines: Map<string, number>): void {
  const target = reach(root, node.resolvedKey, node.loc.start.line, lines)
  for (const pair of node.body) addPair(target, node.resolvedKey, pair, lines)
}

function addPair(holder: Table, at: Path, node: AST.TOMLKeyValue, lines: Map<string, number>): void {
  const { line } = node.loc.start
  const names = node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))
  const last = names.pop() ?? ''
  const inner = reach(holder, names, line, lines, at)
  const path = [...at, ...names, last]
  lines.set(JSON.stringify(path), line)
  if (FORBIDDEN.has(last)) throw new ForbiddenKey(last, line)
  inner[last] = content(node.value, path, lines)
}

/** The table at the end of a path, made on the way where there is none yet. */
function reach(from: Table, path: Path, line: number, lines: Map<string, number>, at: Path = []): Table {
  let holder = from as Record<string | number, unknown>
  path.forEach((key, index) => {
    const here = JSON.stringify([...at, ...path.slice(0, index + 1)])
    if (!lines.has(here)) lines.set(here, line)
    if (FORBIDDEN.has(String(key))) throw new ForbiddenKey(String(key), line)
    holder[key] ??= typeof path[index + 1] === 'number' ? [] : {}
    holder = holder[key] as Record<string | number, unknown>
  })
  return holder as Table
}

function content(node: AST.TOMLContentNode, path: Path, lines: Map<string, number>): unknown {
  if (node.type === 'TOMLArray') {
    return node.elements.map((element, index) => {
      const here = [...path, index]
      lines.set(JSON.stringify(here), element.loc.start.line)
      return content(element, here, lines)
    })
  }
  if (node.type === 'TOMLInlineTable') {
    const value: Table = {}
    for (const pair of node.body) addPair(value, path, pair, lines)
    return value
  }
  return node.value
}

function nearest(lines: ReadonlyMap<string, number>, path: Path): number {
  for (let length = path.length; length > 0; length -= 1) {
    const line = lines.get(JSON.stringify(path.slice(0, length)))
    if (line !== undefined) return line
  }
  return 1
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

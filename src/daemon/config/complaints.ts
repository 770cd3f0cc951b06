import { closest, distance } from 'fastest-levenshtein'
import * as v from 'valibot'
import type { Document, Path } from './toml.js'

/** A schema of a table: every key is optional, and any other is a complaint. */
export function table<const Entries extends v.ObjectEntries>(entries: Entries) {
  // the type of `rest` would make every other key `never`, which nobody can use
  return v.objectWithRest(entries, v.never(), 'must be a table') as unknown as v.ObjectSchema<Entries, string>
}

/** What is wrong, each as `path:line: key: message`, in the order of the lines. */
export function complaintsOf(
  issues: readonly v.BaseIssue<unknown>[],
  schema: v.GenericSchema,
  document: Document,
  path: string,
): readonly string[] {
  return issues
    .map((issue) => {
      const at = pathOf(issue)
      return { line: document.lineOf(at), text: describe(issue, at, schema) }
    })
    .sort((one, other) => one.line - other.line)
    .map(({ line, text }) => `${path}:${line}: ${text}`)
}

function pathOf(issue: v.BaseIssue<unknown>): Path {
  return (issue.path ?? []).map(({ key }) => key as string | number)
}

function describe(issue: v.BaseIssue<unknown>, at: Path, schema: v.GenericSchema): string {
  if (issue.type !== 'never') return `${keyName(at)}: ${issue.message}`
  const key = String(at.at(-1))
  const meant = didYouMean(key, keysAt(schema, at.slice(0, -1)))
  return `unknown key ${keyName(at)}${meant === undefined ? '' : `; did you mean ${meant}?`}`
}

/** As it would be written: dots between, quotes where they are needed. Nothing in it can end a line. */
function keyName(path: Path): string {
  return path
    .map((key) =>
      typeof key === 'number' ? `[${key + 1}]` : /^[\w-]+$/.test(key) ? key : JSON.stringify(key),
    )
    .join('.')
    .replaceAll('.[', '[')
}

/** The nearest of the known words, if it is near: two letters exchanged, or a third of them different. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word.length > 100) return undefined
  const candidate = closest(word, known)
  const letters = distance(word, candidate)
  const near = letters <= Math.max(2, Math.floor(candidate.length / 3)) && letters < word.length - 1
  return near ? candidate : undefined
}

interface SchemaParts {
  readonly entries?: Readonly<Record<string, SchemaParts>>
  readonly item?: SchemaParts
  readonly value?: SchemaParts
  readonly wrapped?: SchemaParts
  readonly pipe?: readonly SchemaParts[]
  readonly options?: readonly SchemaParts[]
}

/** The keys that a schema knows at a path. */
function keysAt(schema: v.GenericSchema, path: Path): readonly string[] {
  let parts: SchemaParts | undefined = bare(schema as unknown as SchemaParts)
  for (const key of path) {
    parts = bare(parts?.entries?.[key] ?? parts?.item ?? parts?.value)
  }
  return Object.keys(parts?.entries ?? {})
}

function bare(parts: SchemaParts | undefined): SchemaParts | undefined {
  if (parts?.wrapped) return bare(parts.wrapped)
  if (parts?.pipe) return bare({ ...parts.pipe[0] })
  return parts?.options ? bare(parts.options.find((option) => bare(option)?.entries)) : parts
}

import { GreyctlError } from '../errors.js'

/**
 * A line `NAME="--option=value …"` of a file in /etc/default, which sh and systemd (EnvironmentFile=) read alike. Only
 * the options that are named change, in place: the quotes, every other option, comments and lines stay.
 */
export interface Word {
  readonly text: string
  readonly start: number
  readonly end: number
}

interface Assignment {
  /** [start, end) of the value between the quotes. */
  readonly start: number
  readonly end: number
  readonly quote: '"' | "'" | ''
}

/** One option and its spellings: `--inet=X`, `--inet X`, and with the short name `-i X`. */
export interface OptionName {
  readonly long: string
  readonly short?: string
}

/** The words of the option line, quotes inside them kept together. Empty where there is no such line. */
export function optionWords(text: string, variable: string, path: string): readonly Word[] {
  const found = findAssignment(text, variable, path)
  return found === undefined ? [] : wordsBetween(text, found.start, found.end)
}

/** The value that counts: the last one, as Getopt takes it. undefined where the option is not given. */
export function optionValue(words: readonly Word[], option: OptionName): string | undefined {
  const last = occurrences(words, option).at(-1)
  if (last === undefined) return undefined
  return last.length === 2 ? last[1]?.text : last[0]?.text.replace(/^[^=]*=/, '')
}

/**
 * Writes options: a text as it is to stand there (`--delay=60`), or undefined to take the option out. A line that is
 * missing is added. Throws GreyctlError('config-invalid') for a line that is no single quoted value.
 */
export function writeOptions(
  text: string,
  variable: string,
  path: string,
  wanted: readonly (OptionName & { readonly write: string | undefined })[],
): string {
  let changed = text
  for (const option of wanted) changed = writeOption(changed, variable, path, option)
  return changed
}

function writeOption(
  text: string,
  variable: string,
  path: string,
  option: OptionName & { readonly write: string | undefined },
): string {
  const found = findAssignment(text, variable, path)
  if (found === undefined) {
    if (option.write === undefined) return text
    return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${variable}="${option.write}"\n`
  }
  const words = wordsBetween(text, found.start, found.end)
  const places = occurrences(words, option)
  const last = places.at(-1)
  if (last !== undefined && (places.length > 1 || option.write === undefined)) {
    return writeOption(without(text, last, found), variable, path, option)
  }
  if (option.write === undefined) return text
  if (last !== undefined) {
    return text.slice(0, last[0]?.start ?? 0) + option.write + text.slice(last.at(-1)?.end ?? 0)
  }
  const glue = words.length === 0 ? '' : ' '
  const end = words.at(-1)?.end ?? found.start
  if (found.quote !== '') return text.slice(0, end) + glue + option.write + text.slice(end)
  // an unquoted value ends at its first blank
  const bare = text.slice(found.start, end)
  return `${text.slice(0, found.start)}"${bare}${glue}${option.write}"${text.slice(end)}`
}

/** A word with the blanks in front of it, or behind it when it is the first. */
function without(text: string, words: readonly Word[], { start, end }: Assignment): string {
  const [from, to] = [words[0]?.start ?? 0, words.at(-1)?.end ?? 0]
  const before = text.slice(start, from)
  const blanks = before.length - before.trimEnd().length
  if (before.trim() !== '') return text.slice(0, from - blanks) + text.slice(to)
  const after = text.slice(to, end)
  return text.slice(0, from) + text.slice(to + (after.length - after.trimStart().length))
}

function occurrences(words: readonly Word[], { long, short }: OptionName): readonly (readonly Word[])[] {
  const found: (readonly Word[])[] = []
  words.forEach((word, at) => {
    const name = /^--?([A-Za-z][\w-]*)(=)?/.exec(word.text)
    if (name === null || (name[1] !== long && name[1] !== short)) return
    const next = words[at + 1]
    if (name[2] === undefined && next !== undefined && !next.text.startsWith('-')) found.push([word, next])
    else found.push([word])
  })
  return found
}

/** The last assignment counts, for sh and for systemd. */
function findAssignment(text: string, variable: string, path: string): Assignment | undefined {
  const starts = [...text.matchAll(new RegExp(`^[ \\t]*(?:export[ \\t]+)?${variable}=`, 'gm'))]
  const match = starts.at(-1)
  if (match === undefined) return undefined
  const at = match.index + match[0].length
  const first = text[at]
  if (first !== '"' && first !== "'") {
    const bare = /^[^\s'"`$;#\\]*/.exec(text.slice(at))?.[0] ?? ''
    assertEnded(text, at + bare.length, path)
    return { start: at, end: at + bare.length, quote: '' }
  }
  let end = at + 1
  while (end < text.length && text[end] !== first) end += first === '"' && text[end] === '\\' ? 2 : 1
  if (end >= text.length) throw unreadable(text, at, path, 'the quote is never closed')
  assertEnded(text, end + 1, path)
  return { start: at + 1, end, quote: first }
}

function assertEnded(text: string, at: number, path: string): void {
  if (/^[ \t]*(?:;|#|\r?\n|$)/.test(text.slice(at))) return
  throw unreadable(text, at, path, 'the value is more than one quoted text')
}

function unreadable(text: string, at: number, path: string, why: string): GreyctlError {
  return new GreyctlError('config-invalid', `cannot change these options: ${why}`, {
    where: `${path}:${text.slice(0, at).split('\n').length}`,
    hints: ['write the options as one text in quotes, NAME="--option=value --option=value"'],
  })
}

/** Blanks separate words, outside of quotes that stand within the value. */
function wordsBetween(text: string, start: number, end: number): readonly Word[] {
  const word = /(?:\\?"[^"]*?\\?"|'[^']*'|\\[^\n]|[^\s"'\\])+/g
  const value = text.slice(start, end)
  return [...value.matchAll(word)].map((match) => ({
    text: match[0],
    start: start + match.index,
    end: start + match.index + match[0].length,
  }))
}

/** What a name in brackets stands for, as JavaScript writes it (regex(7), "bracket expression"). */
const CLASSES: Record<string, string> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: 'A-Fa-f0-9',
}

/**
 * A POSIX extended expression as JavaScript's, for tests of whether it matches (regex(7)). A string says what cannot be
 * taken over: what the two understand differently is never guessed at.
 */
export function fromPosix(source: string, flags: 'i' | ''): RegExp | string {
  const written = translate(source)
  if (written === undefined) return `not understood: ${source}`
  try {
    return new RegExp(written, flags)
  } catch (error) {
    return `not a regular expression: ${(error as Error).message}`
  }
}

/** A bracket expression, an escaped character, what POSIX does not have, or any other character. */
const TOKEN = /\[(\^?)(\]?(?:\[:[a-z]+:\]|[^\]])*)\]|\\(.)|(\(\?|[*+?}][?+]|[[\\])/g

function translate(source: string): string | undefined {
  let known = true
  const written = source.replace(
    TOKEN,
    (token, not?: string, inside?: string, escaped?: string, foreign?: string) => {
      const bracket = inside === undefined ? undefined : translateBracket(inside)
      // lazy and possessive repetitions, (?: and (?= are Perl's; \d and \b are GNU's
      if (foreign !== undefined || /[A-Za-z0-9]/.test(escaped ?? '')) known = false
      if (inside !== undefined && bracket === undefined) known = false
      return bracket === undefined ? token : `[${not}${bracket}]`
    },
  )
  return known ? written : undefined
}

function translateBracket(inside: string): string | undefined {
  // collating symbols and equivalence classes depend on the locale
  if (/\[[.=]/.test(inside)) return undefined
  let known = true
  const written = inside.replace(/\[:([a-z]+):\]|[\\\][]/g, (found, name: string | undefined) => {
    if (name === undefined) return `\\${found}`
    known &&= Object.hasOwn(CLASSES, name)
    return CLASSES[name] ?? ''
  })
  return known ? written : undefined
}

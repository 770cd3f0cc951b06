/** A line of a whitelist that says nothing. */
export interface ListWarning {
  readonly path: string
  readonly line: number
  readonly message: string
}

/** A list as it is in its file. */
export interface ListText {
  readonly path: string
  readonly text: string
}

/** Reads lists that count together; `add` takes an entry, or says why it says nothing. */
export function readEntries(
  files: readonly ListText[],
  add: (entry: string) => string | undefined,
): readonly ListWarning[] {
  const warnings: ListWarning[] = []
  for (const { path, text } of files) {
    eachEntry(text, (entry, line) => {
      const message = add(entry)
      if (message !== undefined) warnings.push({ path, line, message })
    })
  }
  return warnings
}

/** The expression of an entry `/expression/`, or what is wrong with it; undefined for an entry of another kind. */
export function expressionIn(entry: string): RegExp | string | undefined {
  return /^\/\S*\/$/.test(entry) ? parseExpression(entry.slice(1, -1)) : undefined
}

/** Everything from the first # on is a comment; blank lines say nothing. Lines count from 1. */
function eachEntry(text: string, visit: (entry: string, line: number) => void): void {
  for (const [index, whole] of text.split('\n').entries()) {
    const entry = whole.replace(/#.*/s, '').trim()
    if (entry !== '') visit(entry, index + 1)
  }
}

/** Case does not count, nothing is anchored, as in postgrey. A string says what is wrong with the expression. */
export function parseExpression(source: string): RegExp | string {
  try {
    return new RegExp(source, 'i')
  } catch (error) {
    return `not a regular expression: ${(error as Error).message}`
  }
}

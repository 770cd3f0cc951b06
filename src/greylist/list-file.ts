/** A line of a whitelist that says nothing. */
export interface ListWarning {
  readonly path: string
  readonly line: number
  readonly message: string
}

/** Everything from the first # on is a comment; blank lines say nothing. Lines count from 1. */
export function eachEntry(text: string, visit: (entry: string, line: number) => void): void {
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

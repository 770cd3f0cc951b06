/** A text shorter than this may be anybody's. */
const SHORTEST = 8

/**
 * The replies that a greylister was told to give, as it gives them: `%s` are seconds and `%r` is a domain (postgrey(8)
 * --greylist-text), `%%` a percent sign. undefined without a text to go by.
 */
export function replyPattern(texts: readonly string[]): RegExp | undefined {
  const patterns = texts.map((text) => text.trim()).filter((text) => text.length >= SHORTEST)
  if (patterns.length === 0) return undefined
  return new RegExp(`^(?:${patterns.map(patternOf).join('|')})$`)
}

function patternOf(text: string): string {
  return text
    .split(/(%[%sr])/)
    .map((part) => PLACES[part] ?? part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+'))
    .join('')
}

const PLACES: Readonly<Record<string, string>> = { '%%': '%', '%s': '\\d{1,9}', '%r': '\\S{0,255}' }

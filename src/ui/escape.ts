/**
 * Text from logs, SMTP dialogues and configuration files is written by others, attackers included. Whatever is
 * printed goes through here first: control characters (terminal escapes, line breaks), and the bidirectional
 * overrides and line separators that make a terminal show another order than it stores.
 */
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu

/** One line: every dangerous character becomes \xNN or \u{NNNN}. */
export function escapeText(text: string): string {
  return text.replace(DANGEROUS, (character) => {
    const code = character.codePointAt(0) ?? 0
    const hex = code.toString(16)
    return code < 256 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`
  })
}

/** Several lines: line feeds and tabs stay, everything else as in escapeText. */
export function escapeLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.split('\t').map(escapeText).join('\t'))
    .join('\n')
}

/**
 * A JSON document as JSON.stringify makes it, which leaves C1 controls and bidirectional overrides as they are: a
 * terminal may obey both. They only stand in strings, where an escape says the same.
 */
export function escapeJson(document: string): string {
  return document.replace(DANGEROUS, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

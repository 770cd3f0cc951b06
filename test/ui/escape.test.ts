import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeJson, escapeLines, escapeText } from '../../src/ui/escape.js'

describe('escapeText', () => {
  it.each([
    ['plain text stays', 'alice@example.org', 'alice@example.org'],
    ['a terminal escape sequence', '\u001b[2J\u001b]0;title\u0007', '\\x1b[2J\\x1b]0;title\\x07'],
    ['line breaks that forge a second line', 'a\r\nNov 3 mx postfix: b', 'a\\x0d\\x0aNov 3 mx postfix: b'],
    ['C1 controls', '\u009b31m', '\\x9b31m'],
    ['overrides of the writing direction', 'exe.\u202etxt', 'exe.\\u{202e}txt'],
    ['letters of any script stay', 'grüße@例え.jp', 'grüße@例え.jp'],
  ])('%s', (_, text, expected) => expect(escapeText(text)).toBe(expected))

  it('never lets a control character through, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/,
        )
      }),
    )
  })

  it('changes nothing a second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(escapeText(text))).toBe(escapeText(text))
      }),
    )
  })
})

describe('escapeLines', () => {
  it('keeps line feeds and tabs, and nothing else of the kind', () => {
    expect(escapeLines('a\tb\nc\r\u001b[1m')).toBe('a\tb\nc\\x0d\\x1b[1m')
  })
})

describe('escapeJson', () => {
  it('changes no value, and leaves nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (value, text) => {
        const document = escapeJson(JSON.stringify({ value, [text]: text }, undefined, 2))
        expect(document).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
        expect(JSON.parse(document)).toEqual(JSON.parse(JSON.stringify({ value, [text]: text })))
      }),
    )
  })
})

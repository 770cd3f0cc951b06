/** Kinds of characters, as bits. */
export const DIGIT = 1
export const ALPHANUMERIC = 2
/** Letters, digits, - . _ */
export const HOST = 4
/** Letters, digits, - . _ and / */
export const TAG = 8
/** What an address is written in: hexadecimal digits, colons and dots. */
export const ADDRESS = 16
/** ASCII that is printed, without the blank. */
export const VISIBLE = 32
/** What both Postfix and greylisters write as it is. */
export const PLAIN = 64

const KINDS: readonly (readonly [number, RegExp])[] = [
  [DIGIT, /[0-9]/],
  [ALPHANUMERIC, /[0-9A-Za-z]/],
  [HOST, /[0-9A-Za-z._-]/],
  [TAG, /[0-9A-Za-z._/-]/],
  [ADDRESS, /[0-9A-Fa-f:.]/],
  [VISIBLE, /[\x21-\x7e]/],
  [PLAIN, /[^\x00-\x20\x7f-\xff"\\?]/],
]

const TABLE = Uint8Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code)
  return KINDS.reduce((bits, [bit, pattern]) => (pattern.test(character) ? bits | bit : bits), 0)
})

/** Is the character of this kind? False beyond the end. */
export function isOf(kind: number, code: number | undefined): boolean {
  return ((TABLE[code as number] as number) & kind) !== 0
}

/** A word to look for. */
export function word(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'))
}

/** Does the word stand there? */
export function standsAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let index = 0; index < expected.length; index += 1)
    if (bytes[at + index] !== expected[index]) return false
  return true
}

/** Where the character is, never past the line however long the block; `to` for nowhere. */
export function find(bytes: Uint8Array, code: number, from: number, to: number): number {
  let at = from
  while (at < to && bytes[at] !== code) at += 1
  return at
}

/** Where the characters of other kinds begin. */
export function skip(bytes: Uint8Array, kind: number, from: number, to: number): number {
  let at = from
  while (at < to && ((TABLE[bytes[at] as number] as number) & kind) !== 0) at += 1
  return at
}

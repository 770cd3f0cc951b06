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
/** VISIBLE without brackets: what stands before `[192.0.2.1]`. */
export const NAME = 128
/** PLAIN without < and >: no address that anybody has to think about. */
export const MAILBOX = 256

const KINDS: readonly (readonly [number, RegExp])[] = [
  [DIGIT, /[0-9]/],
  [ALPHANUMERIC, /[0-9A-Za-z]/],
  [HOST, /[0-9A-Za-z._-]/],
  [TAG, /[0-9A-Za-z._/-]/],
  [ADDRESS, /[0-9A-Fa-f:.]/],
  [VISIBLE, /[\x21-\x7e]/],
  [PLAIN, /[^\x00-\x20\x7f-\xff"\\?]/],
  [NAME, /[\x21-\x5a\x5c\x5e-\x7e]/],
  [MAILBOX, /[^\x00-\x20\x7f-\xff"\\?<>]/],
]

const TABLE = Uint16Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code)
  return KINDS.reduce((bits, [bit, pattern]) => (pattern.test(character) ? bits | bit : bits), 0)
})

/** Is the character of this kind? False beyond the end. */
export function isOf(kind: number, code: number | undefined): boolean {
  return ((TABLE[code as number] as number) & kind) !== 0
}

/** Bytes of a log, and the view of the same that reads four of them at once. */
export interface Block {
  readonly bytes: Buffer
  readonly view: DataView
}

export function blockOf(bytes: Buffer): Block {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
}

/** A word to look for: its characters by fours, the last four overlapping those before; by ones where it is shorter. */
export interface Word {
  readonly length: number
  readonly fours: Int32Array
}

export function word(text: string): Word {
  const bytes = Buffer.from(text, 'latin1')
  const { length } = bytes
  if (length < 4) return { length, fours: Int32Array.from(bytes) }
  const starts = Array.from({ length: Math.ceil(length / 4) }, (_, index) => Math.min(4 * index, length - 4))
  return { length, fours: Int32Array.from(starts, (start) => bytes.readInt32LE(start)) }
}

/** Does the word stand there? A program's name of 13 characters takes four comparisons. */
export function standsAt({ bytes, view }: Block, at: number, { length, fours }: Word): boolean {
  if (at + length > bytes.length) return false
  if (length < 4) return isShort(view, at, fours)
  const last = at + length - 4
  let index = 0
  for (let here = at; here < last; here += 4, index += 1)
    if (view.getInt32(here, true) !== fours[index]) return false
  return view.getInt32(last, true) === fours[index]
}

function isShort(view: DataView, at: number, codes: Int32Array): boolean {
  for (let index = 0; index < codes.length; index += 1)
    if (view.getUint8(at + index) !== codes[index]) return false
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
  const table = TABLE
  let at = from
  while (at < to && ((table[bytes[at] as number] as number) & kind) !== 0) at += 1
  return at
}

/** A word to search for, and how far to go on from each character that may stand where its last one would. */
export interface WordToFind {
  readonly bytes: Uint8Array
  readonly steps: Uint8Array
}

export function wordToFind(text: string): WordToFind {
  const bytes = Uint8Array.from(Buffer.from(text, 'latin1'))
  const steps = new Uint8Array(256).fill(bytes.length)
  for (const [at, code] of bytes.subarray(0, -1).entries()) steps[code] = bytes.length - 1 - at
  return { bytes, steps }
}

/** Where the word begins, by Horspool's search, a word's length at a step; `to` for nowhere. */
export function findWord(text: Uint8Array, { bytes, steps }: WordToFind, from: number, to: number): number {
  const last = bytes.length - 1
  for (let end = from + last; end < to; end += steps[text[end] as number] as number) {
    let back = 0
    while (back <= last && text[end - back] === bytes[last - back]) back += 1
    if (back > last) return end - last
  }
  return to
}

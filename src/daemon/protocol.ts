import { ATTRIBUTES, emptyRequest, type PolicyRequest } from '../greylist/request.js'

/** Bytes of a line that count; Postfix's own limit for an attribute is about this. The rest is dropped. */
export const LONGEST_LINE = 4096
/** Attributes of a request that count. Postfix 3.10 sends about 30. */
export const MOST_ATTRIBUTES = 100
/** Bytes of a request, line ends included; whoever sends more is no Postfix. */
export const LARGEST_REQUEST = 65_536

const NOTHING = Buffer.alloc(0)
const CARRIAGE_RETURN = 13
const EQUALS = 61

export type Received =
  | { readonly kind: 'request'; readonly request: PolicyRequest }
  /** A request of another type, or of none. It gets an answer, so that nobody waits. */
  | { readonly kind: 'unrecognized'; readonly type: string }
  /** The first line of a request that is no attribute; the first 100 bytes of it. */
  | { readonly kind: 'garbage'; readonly text: string }
  /** The stream cannot be trusted any more. Nothing follows. */
  | { readonly kind: 'oversize' }

/**
 * SMTPD_POLICY_README, "Protocol description": lines of `name=value`, ended by an empty line. Bytes in, requests out,
 * however they are cut into chunks; of an unfinished request no more than LARGEST_REQUEST is kept. Never throws.
 */
export class RequestParser {
  /** The start of a request whose end has not come. */
  #partial = NOTHING
  #size = 0
  #broken = false

  push(chunk: Buffer): Received[] {
    const received: Received[] = []
    if (this.#broken) return received
    const bytes = this.#size === 0 ? chunk : this.#joined(chunk)
    // a request that comes in small pieces is read once, when it is complete
    if (bytes !== chunk && !hasEmptyLine(bytes, this.#size - chunk.length)) return this.#bounded(received)
    const text = bytes.toString('latin1')
    let start = 0
    for (;;) {
      const next = readRequest(text, start, received)
      if (next < 0) break
      if (next - start > LARGEST_REQUEST) return this.#giveUp(received)
      start = next
    }
    this.#keep(bytes, start)
    return this.#bounded(received)
  }

  #joined(chunk: Buffer): Buffer {
    const size = this.#size + chunk.length
    if (size > this.#partial.length) {
      const larger = Buffer.allocUnsafeSlow(size * 2)
      this.#partial.copy(larger, 0, 0, this.#size)
      this.#partial = larger
    }
    chunk.copy(this.#partial, this.#size)
    this.#size = size
    return this.#partial.subarray(0, size)
  }

  /** A copy: the chunk's memory belongs to the socket's larger buffer. */
  #keep(bytes: Buffer, start: number): void {
    this.#size = bytes.length - start
    this.#partial = this.#size === 0 ? NOTHING : Buffer.from(bytes.subarray(start))
  }

  #bounded(received: Received[]): Received[] {
    return this.#size > LARGEST_REQUEST ? this.#giveUp(received) : received
  }

  #giveUp(received: Received[]): Received[] {
    this.#broken = true
    this.#partial = NOTHING
    received.push({ kind: 'oversize' })
    return received
  }
}

/** Looks only at what is new since `from`, and at the line end before it. */
function hasEmptyLine(bytes: Buffer, from: number): boolean {
  const start = Math.max(0, from - 2)
  if (start === 0 && (bytes[0] === 10 || (bytes[0] === CARRIAGE_RETURN && bytes[1] === 10))) return true
  return bytes.indexOf('\n\n', start, 'latin1') >= 0 || bytes.indexOf('\n\r\n', start, 'latin1') >= 0
}

interface Known {
  /** With its equals sign. */
  readonly prefix: string
  readonly field: keyof PolicyRequest | 'type'
}

/** The attributes that are looked at, by the code of their first letter. */
const KNOWN: readonly (readonly Known[] | undefined)[] = (() => {
  const table: Known[][] = []
  for (const [name, field] of [['request', 'type'] as const, ...ATTRIBUTES]) {
    const known = { prefix: `${name}=`, field }
    table[name.charCodeAt(0)] = [...(table[name.charCodeAt(0)] ?? []), known]
  }
  return table
})()

/**
 * Reads the request that starts there; the place behind it, or -1 when its end is missing. One pass over a string, by
 * the first letter of each line: a quarter of the time that a buffer, a name and a map entry for each line took.
 */
function readRequest(text: string, start: number, received: Received[]): number {
  const draft = new Draft()
  for (let from = start; ; ) {
    const end = text.indexOf('\n', from)
    if (end < 0) return -1
    const line = lineEnd(text, from, end)
    if (line === from) {
      if (end + 1 - start <= LARGEST_REQUEST) draft.finish(received)
      return end + 1
    }
    draft.take(text, from, line)
    from = end + 1
  }
}

/** A request, line by line. */
class Draft {
  readonly #request = emptyRequest()
  #type = ''
  #count = 0
  #garbage: string | undefined

  take(text: string, from: number, end: number): void {
    const known = knownAt(text, from)
    const value = known === undefined ? -1 : from + known.prefix.length
    if (known === undefined ? !hasName(text, from, end) : value > end) {
      this.#garbage ??= text.slice(from, Math.min(end, from + 100))
      return
    }
    this.#count += 1
    if (known === undefined || this.#count > MOST_ATTRIBUTES) return
    if (known.field === 'type') this.#type = text.slice(value, end)
    else this.#request[known.field] = text.slice(value, end)
  }

  finish(received: Received[]): void {
    if (this.#garbage !== undefined) received.push({ kind: 'garbage', text: this.#garbage })
    if (this.#count === 0) return
    const known = this.#type === 'smtpd_access_policy'
    received.push(
      known
        ? { kind: 'request', request: this.#request }
        : { kind: 'unrecognized', type: this.#type.slice(0, 100) },
    )
  }
}

/** Most names fail at the place of the equals sign, which costs no comparison. */
function knownAt(text: string, from: number): Known | undefined {
  const candidates = KNOWN[text.charCodeAt(from)]
  if (candidates === undefined) return undefined
  for (const known of candidates) {
    const { prefix } = known
    if (text.charCodeAt(from + prefix.length - 1) === EQUALS && text.startsWith(prefix, from)) return known
  }
  return undefined
}

/** Without the carriage return of a CR LF, and without what is beyond the longest line. */
function lineEnd(text: string, from: number, end: number): number {
  if (end - from > LONGEST_LINE) return from + LONGEST_LINE
  return end > from && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end
}

function hasName(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) if (text.charCodeAt(at) === EQUALS) return at > from
  return false
}

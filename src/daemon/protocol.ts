import { ATTRIBUTES, type PolicyRequest, policyRequest } from '../greylist/request.js'

/** Bytes of a line that count; Postfix's own limit for an attribute is about this. The rest is dropped. */
export const LONGEST_LINE = 4096
/** Attributes of a request that count. Postfix 3.10 sends about 30. */
export const MOST_ATTRIBUTES = 100
/** Bytes of a request, line ends included; whoever sends more is no Postfix. */
export const LARGEST_REQUEST = 65_536

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const EQUALS = 61

export type Received =
  | { readonly kind: 'request'; readonly request: PolicyRequest }
  /** A request of another type, or of none. It gets an answer, so that nobody waits. */
  | { readonly kind: 'unrecognized'; readonly type: string }
  /** A line that is no attribute; the first 100 bytes of it. */
  | { readonly kind: 'garbage'; readonly text: string }
  /** The stream cannot be trusted any more. Nothing follows. */
  | { readonly kind: 'oversize' }

/**
 * SMTPD_POLICY_README, "Protocol description": lines of `name=value`, ended by an empty line. Bytes in, requests out,
 * however they are cut into chunks; what is kept of an unfinished request is bounded. Never throws.
 */
export class RequestParser {
  #partial: Buffer[] = []
  #partialSize = 0
  /** The line in progress is longer than what counts of it. */
  #size = 0
  #count = 0
  #attributes = new Map<string, string>()
  #broken = false

  push(chunk: Buffer): Received[] {
    const received: Received[] = []
    let start = 0
    while (!this.#broken && start < chunk.length) {
      const end = chunk.indexOf(LINE_FEED, start)
      const stop = end < 0 ? chunk.length : end
      this.#size += stop - start + (end < 0 ? 0 : 1)
      if (this.#size > LARGEST_REQUEST) {
        this.#broken = true
        received.push({ kind: 'oversize' })
      } else if (end < 0) {
        this.#keep(chunk.subarray(start))
      } else {
        this.#line(this.#takeLine(chunk, start, end), received)
      }
      start = stop + 1
    }
    if (this.#broken) this.#partial = []
    return received
  }

  #keep(bytes: Buffer): void {
    const room = LONGEST_LINE + 1 - this.#partialSize
    if (room <= 0) return
    // a copy: the chunk's memory belongs to the socket's larger buffer
    const kept = Buffer.from(bytes.subarray(0, room))
    this.#partial.push(kept)
    this.#partialSize += kept.length
  }

  #takeLine(chunk: Buffer, start: number, end: number): Buffer {
    let line = chunk.subarray(start, end)
    if (this.#partial.length > 0) {
      line = Buffer.concat([...this.#partial, line])
      this.#partial = []
      this.#partialSize = 0
    }
    if (line.length > LONGEST_LINE) return line.subarray(0, LONGEST_LINE)
    return line[line.length - 1] === CARRIAGE_RETURN ? line.subarray(0, -1) : line
  }

  #line(line: Buffer, received: Received[]): void {
    if (line.length === 0) {
      this.#finish(received)
      return
    }
    const equals = line.indexOf(EQUALS)
    if (equals <= 0) {
      received.push({ kind: 'garbage', text: line.toString('latin1', 0, 100) })
      return
    }
    this.#count += 1
    if (this.#count > MOST_ATTRIBUTES) return
    const name = line.toString('latin1', 0, equals)
    if (ATTRIBUTES.has(name)) this.#attributes.set(name, line.toString('latin1', equals + 1))
  }

  #finish(received: Received[]): void {
    const attributes = this.#attributes
    const count = this.#count
    this.#attributes = new Map()
    this.#size = 0
    this.#count = 0
    if (count === 0) return
    const type = attributes.get('request') ?? ''
    if (type === 'smtpd_access_policy') received.push({ kind: 'request', request: policyRequest(attributes) })
    else received.push({ kind: 'unrecognized', type: type.slice(0, 100) })
  }
}

import {
  ADDRESS,
  type Block,
  DIGIT,
  find,
  isOf,
  MAILBOX,
  NAME,
  PLAIN,
  skip,
  standsAt,
  word,
} from './bytes.js'
import { LONGEST_BODY } from './reject.js'
import { LONGEST_FIELD } from './text-store.js'

const HEAD = word('NOQUEUE: reject: RCPT from ')
const REJECTED = word('>: Recipient address rejected: ')
const SEE = word('Greylisted, see ')
const TRY_AGAIN = word('Greylisted, try again in ')
const SECONDS = word(' seconds')
const FROM = word('; from=<')
const TO = word('> to=<')
const PROTO = word('> proto=')
const HELO = word(' helo=<')
const ROOT = word('root@')
const CLOSE = 62

/**
 * Reads the deferrals that postgrey's and greyctl's own texts make, as bytes; parseReject reads all, and these in the
 * same way. A busy greylister's log has a million of them.
 */
export class DeferralReader {
  /** Where name, address, sender and recipient begin and end. */
  readonly spans = new Int32Array(8)
  /** Seconds until a retry passes; NaN where the line does not say. */
  wait = Number.NaN

  /** Is the body certainly such a line? */
  read(block: Block, body: number, to: number): boolean {
    const { bytes } = block
    if (to - body > LONGEST_BODY || !standsAt(block, body, HEAD)) return false
    const { spans } = this
    const name = body + HEAD.length
    const open = skip(bytes, NAME, name, to)
    const close = skip(bytes, ADDRESS, open + 1, to)
    if (bytes[open] !== 91 || open === name || close === open + 1 || !isTemporary(bytes, close)) return false
    const recipient = close + 14
    const recipientEnd = skip(bytes, MAILBOX, recipient, to)
    if (!standsAt(block, recipientEnd, REJECTED)) return false
    const from = this.afterText(block, recipientEnd + REJECTED.length, to)
    if (!standsAt(block, from, FROM)) return false
    const sender = from + FROM.length
    const senderEnd = skip(bytes, MAILBOX, sender, to)
    const again = senderEnd + TO.length
    const size = recipientEnd - recipient
    if (!standsAt(block, senderEnd, TO) || !isSame(bytes, recipient, again, size)) return false
    if (!standsAt(block, again + size, PROTO) || !endsWithHelo(block, again + size + PROTO.length, to))
      return false
    // the null sender's probes ask for root
    if (sender === senderEnd && standsAt(block, recipient, ROOT)) return false
    if (Math.max(open - name, size, senderEnd - sender) > LONGEST_FIELD) return false
    spans[0] = name
    spans[1] = open
    spans[2] = open + 1
    spans[3] = close
    spans[4] = sender
    spans[5] = senderEnd
    spans[6] = recipient
    spans[7] = recipientEnd
    return true
  }

  /** Where the text ends; 0 for a text that is another. */
  private afterText(block: Block, text: number, to: number): number {
    const { bytes } = block
    this.wait = Number.NaN
    // without a blank in it, the rest cannot speak of a time
    if (standsAt(block, text, SEE)) return skip(bytes, PLAIN, text + SEE.length, find(bytes, 59, text, to))
    if (!standsAt(block, text, TRY_AGAIN)) return 0
    const start = text + TRY_AGAIN.length
    const end = skip(bytes, DIGIT, start, to)
    if (end === start || end - start > 7 || !standsAt(block, end, SECONDS)) return 0
    this.wait = 0
    for (let at = start; at < end; at += 1) this.wait = this.wait * 10 + (bytes[at] as number) - 48
    return end + SECONDS.length
  }
}

/** `]: 450 4.2.0 <` */
function isTemporary(bytes: Uint8Array, close: number): boolean {
  return (
    bytes[close] === 93 &&
    bytes[close + 1] === 58 &&
    bytes[close + 2] === 32 &&
    bytes[close + 3] === 52 &&
    isOf(DIGIT, bytes[close + 4]) &&
    isOf(DIGIT, bytes[close + 5]) &&
    bytes[close + 6] === 32 &&
    isOf(DIGIT, bytes[close + 7]) &&
    bytes[close + 8] === 46 &&
    isOf(DIGIT, bytes[close + 9]) &&
    bytes[close + 10] === 46 &&
    isOf(DIGIT, bytes[close + 11]) &&
    bytes[close + 12] === 32 &&
    bytes[close + 13] === 60
  )
}

function isSame(bytes: Uint8Array, one: number, other: number, size: number): boolean {
  for (let index = 0; index < size; index += 1) if (bytes[one + index] !== bytes[other + index]) return false
  return true
}

/** `ESMTP helo=<H>` and nothing more: a helo is the client's words. */
function endsWithHelo(block: Block, from: number, to: number): boolean {
  const { bytes } = block
  const blank = find(bytes, 32, from, to)
  if (!standsAt(block, blank, HELO)) return false
  const start = blank + HELO.length
  return start < to && skip(bytes, MAILBOX, start, to) === to - 1 && bytes[to - 1] === CLOSE
}

import { Fingerprint } from './fingerprint.js'
import type { Followed } from './followed.js'
import type { Key, Lives } from './lives.js'
import { QueueTable } from './queue.js'
import type { Signs } from './signs.js'
import { addAddress, addNetwork, type IsOwn } from './triplet.js'

const OWN = 1
const NAMED = 2
const PROBE = 'greyctl-probe@'

/**
 * Accepted mail, from smtpd's `client=` over qmgr's `from=` to the delivery agents' `to=`: where it ends the wait of a
 * triplet that was deferred before. Takes words as they lie in a block of the log: most of a log is about mail that was
 * never deferred, and no object is made for it. Times in seconds since the epoch; NaN: unknown.
 */
export class MailFlow {
  /** Messages from clients that are neither this host, nor of an own network, nor authenticated. */
  strangers = 0
  private readonly lives: Lives
  private readonly queue: QueueTable
  private readonly print = new Fingerprint()
  private readonly other = new Fingerprint()

  constructor(
    limit: number,
    private readonly followed: Followed,
    /** Is the address this host's, or of a network that it trusts? */
    private readonly isOwn: IsOwn,
    private readonly signs: Signs,
    /** Which source is read now: within one, the order of the lines counts, and not what a clock said. */
    private readonly source: () => number,
  ) {
    this.queue = new QueueTable(limit)
    this.lives = followed.lives
  }

  /** smtpd took the first recipient of a message: the client's address. */
  accepted(
    id: Fingerprint,
    bytes: Buffer,
    from: number,
    to: number,
    authenticated: boolean,
    at: number,
  ): void {
    const { queue, print } = this
    addNetwork(print.start(), bytes, from, to)
    const slot = queue.enter(id.a, id.b, at, print.a, print.b)
    if (authenticated || this.isOwn(bytes, from, to)) queue.setFlags(slot, OWN)
  }

  /** qmgr names the sender. It takes a message out of the queue again and again: only the first time is new. */
  queued(id: Fingerprint, bytes: Buffer, from: number, to: number): void {
    const { queue, print } = this
    const slot = queue.find(id.a, id.b)
    if (slot === -1) return
    const flags = queue.flags(slot)
    if ((flags & NAMED) !== 0) return
    queue.setFlags(slot, flags | NAMED)
    addAddress(print.start(), bytes, from, to)
    queue.setSender(slot, print)
    if ((flags & OWN) === 0 && !isProbe(bytes, from)) this.strangers += 1
  }

  /** A delivery agent speaks of one recipient, as it is now or as it was before aliases. */
  delivery(id: Fingerprint, bytes: Buffer, from: number, to: number): void {
    const { queue, print } = this
    const slot = queue.find(id.a, id.b)
    if (slot === -1 || (queue.flags(slot) & NAMED) === 0) return
    addAddress(print.resume(queue.senderA(slot), queue.senderB(slot)), bytes, from, to)
    if (this.lives.findPair(print.a, print.b) === -1) return
    const key = {
      netA: queue.netA(slot),
      netB: queue.netB(slot),
      pairA: print.a,
      pairB: print.b,
    }
    const at = queue.at(slot)
    const life = this.lives.find(key)
    if (life !== -1 && this.isAfter(life, at)) this.followed.pass(life, orUnknown(at), undefined)
    this.cameElsewhere(key, at)
  }

  /** Postfix put off one recipient: where its name, address, sender and recipient lie, and in which line. */
  deferred(bytes: Buffer, spans: Int32Array, wait: number, at: number, line: number): void {
    const { lives, print, other } = this
    const [, , from = 0, to = 0, sender = 0, senderEnd = 0, recipient = 0, recipientEnd = 0] = spans
    if (isProbe(bytes, sender) || isProbe(bytes, recipient)) return
    addNetwork(print.start(), bytes, from, to)
    addAddress(other.start(), bytes, sender, senderEnd)
    addAddress(other, bytes, recipient, recipientEnd)
    const key = { netA: print.a, netB: print.b, pairA: other.a, pairB: other.b }
    this.signs.seen(at)
    const known = lives.find(key)
    const life = known === -1 ? this.followed.beginAt(key, bytes, spans, at) : known
    this.followed.defer(life, 'postfix', at, 1)
    lives.seenIn(life, this.source(), line)
    if (!Number.isNaN(wait)) this.signs.told('postfix', at - (lives.columns.first[life] as number), wait)
  }

  removed(id: Fingerprint): void {
    this.queue.remove(id.a, id.b)
  }

  /** The same mail came in from another network than these. */
  cameElsewhere({ netA, netB, pairA, pairB }: Key, at: number): void {
    const { columns } = this.lives
    for (const life of this.lives.ofPair(pairA, pairB)) {
      if (columns.netA[life] === netA && columns.netB[life] === netB) continue
      if (columns.passed[life] === 1 || !Number.isNaN(columns.elsewhereAt[life])) continue
      if (this.isAfter(life, at)) columns.elsewhereAt[life] = at
    }
  }

  idOf(instance: string, queueId: string): Fingerprint {
    return this.other.start().add(Buffer.from(instance)).addExact(Buffer.from(queueId))
  }

  private isAfter(life: number, at: number): boolean {
    const { first, lastSource } = this.lives.columns
    return !(at < (first[life] as number)) || lastSource[life] === this.source()
  }
}

/** An address that ends before the word does is followed by a >, which the word has not. */
function isProbe(bytes: Buffer, from: number): boolean {
  const first = bytes[from]
  if (first !== 103 && first !== 71) return false
  return bytes.toString('latin1', from, from + PROBE.length).toLowerCase() === PROBE
}

function orUnknown(at: number): number | undefined {
  return Number.isNaN(at) ? undefined : at
}

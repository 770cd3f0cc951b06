import { Fingerprint } from './fingerprint.js'
import { pass } from './life.js'
import type { Key, Lives } from './lives.js'
import { QueueTable } from './queue.js'
import { addAddress, addNetwork } from './triplet.js'

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
  private readonly queue: QueueTable
  private readonly print = new Fingerprint()
  private readonly other = new Fingerprint()

  constructor(
    limit: number,
    private readonly lives: Lives,
    /** Is the address this host's, or of a network that it trusts? */
    private readonly isOwn: (address: string) => boolean,
    /** Which source is read now: within one, the order of the lines counts, and not what a clock said. */
    private readonly source: () => number,
  ) {
    this.queue = new QueueTable(limit)
  }

  /** smtpd took the first recipient of a message: the client's address. */
  accepted(
    id: Fingerprint,
    text: string,
    from: number,
    to: number,
    authenticated: boolean,
    at: number,
  ): void {
    const { queue, print } = this
    const slot = queue.enter(id.a, id.b)
    addNetwork(print.start(), text, from, to)
    queue.netA[slot] = print.a
    queue.netB[slot] = print.b
    queue.at[slot] = at
    if (authenticated || this.isOwn(text.slice(from, to))) queue.flags[slot] = OWN
  }

  /** qmgr names the sender. It takes a message out of the queue again and again: only the first time is new. */
  queued(id: Fingerprint, text: string, from: number, to: number): void {
    const { queue, print } = this
    const slot = queue.find(id.a, id.b)
    if (slot === -1) return
    const flags = queue.flags[slot] as number
    if ((flags & NAMED) !== 0) return
    queue.flags[slot] = flags | NAMED
    addAddress(print.start(), text, from, to)
    queue.senderA[slot] = print.a
    queue.senderB[slot] = print.b
    if ((flags & OWN) === 0 && text.slice(from, from + PROBE.length).toLowerCase() !== PROBE)
      this.strangers += 1
  }

  /** A delivery agent speaks of one recipient, as it is now or as it was before aliases. */
  delivery(id: Fingerprint, text: string, from: number, to: number): void {
    const { queue, print } = this
    const slot = queue.find(id.a, id.b)
    if (slot === -1 || ((queue.flags[slot] as number) & NAMED) === 0) return
    addAddress(print.resume(queue.senderA[slot] as number, queue.senderB[slot] as number), text, from, to)
    if (this.lives.findPair(print.a, print.b) === -1) return
    const key = {
      netA: queue.netA[slot] as number,
      netB: queue.netB[slot] as number,
      pairA: print.a,
      pairB: print.b,
    }
    const at = queue.at[slot] as number
    const life = this.lives.find(key)
    if (life !== -1 && this.isAfter(life, at)) pass(this.lives, life, orUnknown(at), undefined)
    this.cameElsewhere(key, at)
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
    return this.other.start().add(instance).add(queueId)
  }

  private isAfter(life: number, at: number): boolean {
    const { first, lastSource } = this.lives.columns
    return !(at < (first[life] as number)) || lastSource[life] === this.source()
  }
}

function orUnknown(at: number): number | undefined {
  return Number.isNaN(at) ? undefined : at
}

import type { Client, Deferred, Passed } from './event.js'
import type { LineRef } from './lives.js'
import { ownText } from './own-text.js'
import type { Told } from './told.js'
import { normalAddress } from './triplet.js'

/** One thing that happened to a mail. */
export interface Moment {
  readonly what: 'deferred' | 'let through' | 'accepted' | 'delivery'
  /** Seconds since the epoch. */
  readonly at: number | undefined
  readonly client: Client | undefined
  readonly sender: string | undefined
  readonly recipient: string | undefined
  readonly queueId: string | undefined
  /** The greylister's reason, or a delivery's status: `new`, `client AWL`, `sent`. */
  readonly reason: string | undefined
  /** Seconds: until a retry passes, or since the first try. */
  readonly wait: number | undefined
  readonly delay: number | undefined
  readonly ref: LineRef
}

/** What is known of a mail when something happens to it. */
export interface MailFacts {
  /** The client's. */
  readonly name: string | undefined
  readonly address: string | undefined
  readonly sender: string | undefined
  readonly recipient: string | undefined
  readonly queueId: string | undefined
}

/** Seconds between two lines that tell the same attempt: the greylister's and Postfix's. */
const SAME_ATTEMPT = 1.5
/** Messages whose client and sender are remembered until they are delivered. */
const MOST_QUEUED = 20_000

interface Queued {
  readonly client: Client
  readonly at: number | undefined
  readonly ref: LineRef
  sender: string | undefined
  /** It was told that smtpd took it. */
  told: boolean
}

/** Collects what a log tells of the mails that somebody asks about, in its order. Memory: `limit` moments, the last ones. */
export class History {
  readonly #wanted: (mail: MailFacts) => boolean
  readonly #limit: number
  readonly #queued = new Map<string, Queued>()
  #moments: Moment[] = []
  /** Moments before the ones that are kept. */
  dropped = 0

  constructor(wanted: (mail: MailFacts) => boolean, limit = 500) {
    this.#wanted = wanted
    this.#limit = limit
  }

  get moments(): readonly Moment[] {
    return this.#moments
  }

  add(told: Told): void {
    const { event, at, ref, instance } = told
    if (event.kind === 'deferred' || event.kind === 'passed') this.#decision(event, told)
    if (event.kind === 'accepted') {
      if (this.#queued.size >= MOST_QUEUED) this.#forgetOldest()
      const client = { name: ownText(event.client.name), address: ownText(event.client.address) }
      this.#queued.set(ownText(`${instance}\n${event.queueId}`), {
        client,
        at,
        ref,
        sender: undefined,
        told: false,
      })
    }
    if (event.kind === 'queued') {
      const queued = this.#queued.get(`${instance}\n${event.queueId}`)
      if (queued) queued.sender = ownText(event.sender)
    }
    if (event.kind === 'delivery') this.#delivery(event, told)
    if (event.kind === 'removed') this.#queued.delete(`${instance}\n${event.queueId}`)
  }

  #decision(event: Deferred | Passed, { at, ref }: Told): void {
    const { client, sender, recipient } = event
    if (!this.#wanted({ ...client, sender, recipient, queueId: undefined })) return
    const about = { at, client, sender, recipient, queueId: undefined, ref }
    if (event.kind === 'deferred') {
      this.#tell({ what: 'deferred', ...about, reason: event.reason, wait: event.wait, delay: undefined })
    } else {
      this.#tell({ what: 'let through', ...about, reason: event.said, wait: undefined, delay: event.delay })
    }
  }

  #delivery(event: { queueId: string; recipient: string; original: string | undefined }, told: Told): void {
    const { queueId } = event
    const queued = this.#queued.get(`${told.instance}\n${queueId}`)
    const recipient = event.original ?? event.recipient
    const about = {
      client: queued?.client,
      sender: queued?.sender,
      recipient,
      queueId,
      wait: undefined,
      delay: undefined,
    }
    const { name, address } = queued?.client ?? {}
    if (!this.#wanted({ name, address, sender: queued?.sender, recipient, queueId })) return
    if (queued && !queued.told) {
      queued.told = true
      this.#tell({ what: 'accepted', at: queued.at, ...about, reason: undefined, ref: queued.ref })
    }
    const status = /\bstatus=(\w{1,20})/.exec(told.text)?.[1]
    this.#tell({ what: 'delivery', at: told.at, ...about, reason: status, ref: told.ref })
  }

  #tell(moment: Moment): void {
    const twin = this.#moments.findLastIndex(
      (other, index) => index >= this.#moments.length - 8 && isSame(other, moment),
    )
    const before = this.#moments[twin]
    // of two lines about one attempt, the greylister's knows more
    if (before !== undefined) this.#moments[twin] = { ...before, ...known(moment), ref: before.ref }
    else this.#moments.push(owned(moment))
    if (this.#moments.length > 2 * this.#limit) this.#trim()
  }

  /** At the end: in the order of time, and no more than the limit. */
  end(): readonly Moment[] {
    this.#trim()
    this.#moments.sort(inOrder)
    return this.#moments
  }

  #trim(): void {
    const excess = Math.max(0, this.#moments.length - this.#limit)
    this.dropped += excess
    this.#moments = this.#moments.slice(excess)
  }

  #forgetOldest(): void {
    for (const oldest of this.#queued.keys()) {
      this.#queued.delete(oldest)
      return
    }
  }
}

/** What one second holds is told in the order in which it happens: greylisters write their lines late. */
const ORDER: readonly Moment['what'][] = ['deferred', 'let through', 'accepted', 'delivery']

function inOrder(a: Moment, b: Moment): number {
  const seconds = Math.floor(a.at ?? 0) - Math.floor(b.at ?? 0)
  return seconds || ORDER.indexOf(a.what) - ORDER.indexOf(b.what) || (a.at ?? 0) - (b.at ?? 0)
}

function isSame(a: Moment, b: Moment): boolean {
  if (a.what !== 'deferred' || b.what !== 'deferred') return false
  const near = a.at === b.at || Math.abs((a.at ?? 0) - (b.at ?? 0)) < SAME_ATTEMPT
  // two lines of one teller are two attempts
  const otherTeller = (a.reason === undefined) !== (b.reason === undefined)
  return near && otherTeller && a.client?.address === b.client?.address && mailOf(a) === mailOf(b)
}

function mailOf({ sender, recipient }: Moment): string {
  return `${normalAddress(sender ?? '')}\n${normalAddress(recipient ?? '')}`
}

/** The fields that say something. */
function known(moment: Moment): Partial<Moment> {
  return Object.fromEntries(Object.entries(moment).filter(([, value]) => value !== undefined))
}

/** Parts of a line would keep the whole block in memory. */
function owned(moment: Moment): Moment {
  const { client, sender, recipient, queueId, reason } = moment
  const own = (text: string | undefined) => (text === undefined ? undefined : ownText(text))
  return {
    ...moment,
    client: client && { name: ownText(client.name), address: ownText(client.address) },
    sender: own(sender),
    recipient: own(recipient),
    queueId: own(queueId),
    reason: own(reason),
  }
}

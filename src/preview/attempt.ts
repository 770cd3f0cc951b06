import type { Client } from '../maillog/event.js'
import type { Triplet } from '../maillog/lives.js'
import { ownText } from '../maillog/own-text.js'
import type { Told } from '../maillog/told.js'
import { inNetworks, isProbe, normalAddress } from '../maillog/triplet.js'

/** One time that a sender tried to bring one mail to one recipient, and what became of it then. */
export interface Attempt extends Triplet {
  /** Seconds since the epoch. */
  readonly at: number
  /** A greylister deferred it; otherwise the mail came in. */
  readonly deferred: boolean
  /** An own user's, or of an own network: such mail is not greylisted. */
  readonly own: boolean
}

/** Messages whose client and sender are remembered until they are delivered, and recipients of each. */
const MOST_QUEUED = 20_000
const MOST_RECIPIENTS = 1000
/** Deferrals of the last moments: the greylister and Postfix both tell of one attempt. */
const MOST_RECENT = 1000
/** Seconds between their two lines. */
const SAME_ATTEMPT = 2

interface Queued {
  readonly client: Client
  readonly at: number
  readonly own: boolean
  sender: string | undefined
  readonly recipients: Set<string>
}

/** Attempts out of the events of a log. Memory is bounded whatever the log. */
export class Attempts {
  /** Attempts whose lines have no time: nothing can be said of them. */
  undated = 0
  readonly #isOwn: (address: string) => boolean
  readonly #tell: (attempt: Attempt) => void
  readonly #queued = new Map<string, Queued>()
  readonly #recent = new Map<string, { readonly at: number; readonly by: string }>()

  constructor(ownNetworks: readonly string[], tell: (attempt: Attempt) => void) {
    this.#isOwn = inNetworks(ownNetworks)
    this.#tell = tell
  }

  add({ event, at, instance, repeat }: Told): void {
    if (event.kind === 'deferred') {
      const twin = this.#isTold(event, at)
      for (let time = 0; time < (twin ? 0 : Math.min(repeat, 100)); time += 1)
        this.#attempt(event, at, true, false)
    } else if (event.kind === 'accepted') {
      const client = { name: ownText(event.client.name), address: ownText(event.client.address) }
      const own = event.authenticated || this.#isOwn(client.address)
      limit(this.#queued, MOST_QUEUED)
      const id = ownText(`${instance}\n${event.queueId}`)
      this.#queued.set(id, { client, at: at ?? Number.NaN, own, sender: undefined, recipients: new Set() })
    } else if (event.kind === 'queued') {
      const queued = this.#queued.get(`${instance}\n${event.queueId}`)
      if (queued) queued.sender ??= ownText(event.sender)
    } else if (event.kind === 'delivery') {
      this.#delivery(this.#queued.get(`${instance}\n${event.queueId}`), event.original ?? event.recipient)
    } else if (event.kind === 'removed') {
      this.#queued.delete(`${instance}\n${event.queueId}`)
    }
  }

  /** A delivery agent speaks of each recipient again and again; it came in once. */
  #delivery(queued: Queued | undefined, recipient: string): void {
    if (queued?.sender === undefined) return
    const { client, at, own, sender, recipients } = queued
    if (recipients.has(recipient) || recipients.size >= MOST_RECIPIENTS) return
    recipients.add(ownText(recipient))
    this.#attempt({ client, sender, recipient }, Number.isNaN(at) ? undefined : at, false, own)
  }

  #attempt(
    { client, sender, recipient }: Triplet,
    at: number | undefined,
    deferred: boolean,
    own: boolean,
  ): void {
    if (isProbe(client, sender, recipient)) return
    if (at === undefined) {
      this.undated += 1
      return
    }
    const { name, address } = client
    this.#tell({
      at,
      client: { name: ownText(name), address: ownText(address) },
      sender: ownText(sender),
      recipient: ownText(recipient),
      deferred,
      own,
    })
  }

  #isTold(
    { client, sender, recipient, by }: Triplet & { readonly by: string },
    at: number | undefined,
  ): boolean {
    const key = ownText([client.address, normalAddress(sender), normalAddress(recipient)].join('\n'))
    const before = this.#recent.get(key)
    if (before !== undefined && before.by !== by && Math.abs(before.at - (at ?? before.at)) <= SAME_ATTEMPT) {
      this.#recent.delete(key)
      return true
    }
    limit(this.#recent, MOST_RECENT)
    this.#recent.set(key, { at: at ?? Number.NaN, by })
    return false
  }
}

/** Makes room for one more: the oldest goes. */
function limit<Value>(map: Map<string, Value>, most: number): void {
  if (map.size < most) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

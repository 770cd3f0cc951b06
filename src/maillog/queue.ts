import type { Client } from './event.js'
import { ownText } from './own-text.js'

interface Accepted {
  readonly queueId: string
  readonly client: Client
  readonly authenticated: boolean
}

export interface QueuedMail {
  readonly client: Client
  readonly authenticated: boolean
  /** Seconds since the epoch when smtpd took the first recipient. */
  readonly at: number | undefined
  /** undefined until qmgr names it. */
  sender: string | undefined
}

/**
 * Mail on its way from smtpd's `client=` to its deliveries, by instance and queue id. Bounded: the oldest is
 * forgotten first, for a log may hold any number of messages that are never removed.
 */
export class QueueTracker {
  private readonly mails = new Map<string, QueuedMail>()

  constructor(private readonly limit: number) {}

  accept(instance: string, event: Accepted, at: number | undefined): void {
    const key = `${instance}/${event.queueId}`
    this.mails.delete(key)
    if (this.mails.size >= this.limit) this.forgetOldest()
    const { client, authenticated } = event
    const own = { name: ownText(client.name), address: ownText(client.address) }
    this.mails.set(key, { client: own, authenticated, at, sender: undefined })
  }

  find(instance: string, queueId: string): QueuedMail | undefined {
    return this.mails.get(`${instance}/${queueId}`)
  }

  remove(instance: string, queueId: string): void {
    this.mails.delete(`${instance}/${queueId}`)
  }

  private forgetOldest(): void {
    for (const key of this.mails.keys()) {
      this.mails.delete(key)
      return
    }
  }
}

import type { MailEvent } from './event.js'
import type { LineRef } from './lives.js'

/** An event and where it stands. */
export interface Told {
  readonly event: MailEvent
  readonly at: number | undefined
  /** The Postfix instance, for queue ids. */
  readonly instance: string
  readonly ref: LineRef
  /** The line's body, kept as evidence. */
  readonly text: string
  /** So often in a row. */
  readonly repeat: number
}

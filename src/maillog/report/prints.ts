import type { Client } from '../event.js'
import { Fingerprint } from '../fingerprint.js'
import { LONGEST_FIELD } from '../text-store.js'
import { addAddress, addNetwork } from '../triplet.js'

/** Fingerprints of what a story says; each is good until the next one is asked for. */
export class StoryPrints {
  private readonly print = new Fingerprint()
  /** A character takes three bytes at most, of UTF-16 as of UTF-8. */
  private readonly room = Buffer.alloc(3 * LONGEST_FIELD)

  network({ address }: Client): Fingerprint {
    const { print, room } = this
    addNetwork(print.start(), room, 0, room.write(address))
    return print
  }

  /** A word of somebody in the client's network, letter by letter. */
  inNetwork(client: Client, word: string): Fingerprint {
    const { a, b } = this.network(client)
    const { print, room } = this
    return print.resume(a, b).addExact(room, 0, room.write(word))
  }

  /** Who writes to whom, however it is spelt. */
  mail(sender: string, recipient: string): Fingerprint {
    const { print, room } = this
    addAddress(print.start(), room, 0, room.write(sender))
    addAddress(print, room, 0, room.write(recipient))
    return print
  }
}

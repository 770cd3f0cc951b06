import { tripletKey, tripletOf } from '../../greylist/key.js'

/**
 * How keys are called on the server. A triplet's sender and recipient stand in braces: in a cluster these choose the
 * slot (Redis Cluster specification, "Hash tags"), so that all that is known of a mail, under its network and its
 * pools, lies on one node and comes with one command.
 *
 *   PREFIX t NETWORK \n { SENDER \n RECIPIENT }        PREFIX c ADDRESS
 */
export class Names {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  of(key: string): string {
    const triplet = tripletOf(key)
    if (triplet === undefined || tripletKey(triplet) !== key) return this.#prefix + key
    const { network, sender, recipient } = triplet
    return `${this.#prefix}${key.charAt(0)}${network}\n{${sender}\n${recipient}}`
  }

  /** undefined for what is none of ours. */
  keyOf(name: string): string | undefined {
    if (!name.startsWith(this.#prefix)) return undefined
    const key = name.slice(this.#prefix.length)
    const [, network, sender, recipient] = /^t([^\n]*)\n\{([^\n]*)\n([^\n]*)\}$/.exec(key) ?? []
    if (network === undefined || sender === undefined || recipient === undefined) return key
    return tripletKey({ network, sender, recipient })
  }

  /** What decides the slot, roughly: names with the same tag are asked for together. */
  tagOf(name: string): string {
    const open = name.indexOf('{')
    const close = name.indexOf('}', open + 1)
    return open < 0 || close <= open + 1 ? name : name.slice(open + 1, close)
  }

  /** For SCAN (glob-style): all, or those of a kind. */
  pattern(kind: string): string {
    return `${(this.#prefix + kind).replace(/[\\*?[\]]/g, '\\$&')}*`
  }
}

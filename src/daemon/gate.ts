import { type NetworkSet, parseAddress } from '../greylist/address.js'
import { isLoopback } from './endpoints.js'

/**
 * Who may ask. A policy service has no passwords, and whoever asks can fill the store and learn who writes to whom:
 * this machine may (loopback, unix sockets), and the networks that the configuration names.
 */
export class Gate {
  readonly #networks: () => NetworkSet

  /** The networks are asked for at each question: a reload takes effect at once. */
  constructor(networks: () => NetworkSet) {
    this.#networks = networks
  }

  /** Whether anybody but this machine may ask. */
  get isOpen(): boolean {
    return this.#networks().size > 0
  }

  /** undefined: a unix socket's peer. */
  admits(peer: string | undefined): boolean {
    if (peer === undefined || isLoopback(peer)) return true
    const address = parseAddress(peer.replace(/%.*/, ''))
    return address !== undefined && this.#networks().has(address)
  }
}

import { type NetworkSet, parseAddress } from '../greylist/address.js'
import { isLoopback } from './endpoints.js'

/**
 * Who may ask. A policy service has no passwords, and whoever asks can fill the store and learn who writes to whom:
 * this machine may (loopback, unix sockets), and the networks that the configuration names.
 */
export class Gate {
  readonly #networks: () => NetworkSet
  #refused = 0

  /** The networks are asked for at each connection: a reload takes effect at the next. */
  constructor(networks: () => NetworkSet) {
    this.#networks = networks
  }

  /** Connections that were dropped since the start. */
  get refused(): number {
    return this.#refused
  }

  /** Whether anybody but this machine may ask. */
  get isOpen(): boolean {
    return this.#networks().size > 0
  }

  /** undefined: a unix socket's peer. Counts those that may not. */
  admits(peer: string | undefined): boolean {
    if (peer === undefined || isLoopback(peer)) return true
    const address = parseAddress(peer.replace(/%.*/, ''))
    if (address !== undefined && this.#networks().has(address)) return true
    this.#refused += 1
    return false
  }
}

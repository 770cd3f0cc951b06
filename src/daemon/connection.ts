import type { Socket } from 'node:net'
import { escapeValue } from '../greylist/logline.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Engine } from './engine.js'
import type { Log } from './log.js'
import { RequestParser } from './protocol.js'

/**
 * One client: bytes to requests, answers in the order of the requests. What came in one piece is answered in one
 * piece, and nothing more is read until then: Postfix never sends a second request before it has the answer.
 */
export class Connection {
  /** Its address; undefined for a unix socket's. */
  readonly peer: string | undefined
  readonly #socket: Socket
  readonly #engine: Engine
  readonly #log: Log
  readonly #closeAfterAnswer: boolean
  readonly #parser = new RequestParser()
  /** When the last bytes came (performance.now()). */
  #lastHeard = performance.now()
  #busy = false
  #ending = false
  #held: Buffer | undefined

  constructor(socket: Socket, engine: Engine, log: Log, closeAfterAnswer = false) {
    this.#closeAfterAnswer = closeAfterAnswer
    this.peer = socket.remoteAddress
    this.#socket = socket
    this.#engine = engine
    this.#log = log
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('end', () => this.drain())
    socket.on('error', () => socket.destroy())
    socket.on('drain', () => this.#goOn())
  }

  /** Since when nothing was heard of it (performance.now()); undefined while it waits for an answer. */
  get silentSince(): number | undefined {
    return this.#busy ? undefined : this.#lastHeard
  }

  /** Answers what was received, then closes. */
  drain(): void {
    this.#ending = true
    if (!this.#busy && this.#held === undefined) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    if (this.#busy || this.#socket.writableNeedDrain) {
      this.#held = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk])
      this.#socket.pause()
    } else {
      this.#take(chunk)
    }
  }

  #take(chunk: Buffer): void {
    this.#lastHeard = performance.now()
    const requests: (PolicyRequest | undefined)[] = []
    for (const received of this.#parser.push(chunk)) {
      if (received.kind === 'request') {
        requests.push(received.request)
      } else if (received.kind === 'unrecognized') {
        this.#log.rarely('type', `unrecognized request type: '${escapeValue(received.type)}'`)
        requests.push(undefined)
      } else if (received.kind === 'garbage') {
        this.#log.rarely('garbage', `ignoring garbage: <${escapeValue(received.text)}>`)
      } else {
        this.#log.rarely('oversize', 'warning: a request is too large; connection closed')
        this.#socket.destroy()
      }
    }
    if (requests.length === 0) return
    this.#busy = true
    this.#engine.submit({
      requests,
      answer: (replies) => this.#answer(replies),
      received: this.#lastHeard,
    })
  }

  #answer(replies: string): void {
    // a job that failed after its answer must not be answered twice
    if (!this.#busy) return
    this.#busy = false
    this.#ending ||= this.#closeAfterAnswer
    if (!this.#socket.destroyed) this.#socket.write(replies, 'latin1')
    this.#goOn()
  }

  /** Takes what came meanwhile, once the answers are on their way. */
  #goOn(): void {
    if (this.#busy || this.#socket.writableNeedDrain) return
    const held = this.#held
    this.#held = undefined
    if (held !== undefined) this.#take(held)
    if (this.#busy) return
    if (this.#ending) this.#socket.end()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }
}

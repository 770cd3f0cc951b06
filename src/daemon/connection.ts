import type { Socket } from 'node:net'
import { escapeValue } from '../greylist/logline.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Engine } from './engine.js'
import type { Log } from './log.js'
import { type Received, RequestParser } from './protocol.js'

/** Postfix itself gives a connection up after 300 s idle and 1000 s in all: whoever is silent for longer is gone. */
const IDLE_AFTER = 1_200_000
/** Requests of one connection that may wait for an answer; reading stops above. Postfix never sends a second. */
const MOST_PENDING = 200

/** One client: bytes to requests, answers in the order of the requests. */
export class Connection {
  readonly #socket: Socket
  readonly #engine: Engine
  readonly #log: Log
  readonly #parser = new RequestParser()
  #pending = 0
  #ending = false

  constructor(socket: Socket, engine: Engine, log: Log) {
    this.#socket = socket
    this.#engine = engine
    this.#log = log
    socket.setNoDelay(true)
    socket.setTimeout(IDLE_AFTER, () => socket.destroy())
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('end', () => this.drain())
    socket.on('error', () => socket.destroy())
    socket.on('drain', () => this.#resume())
  }

  /** Answers what was received, then closes. */
  drain(): void {
    this.#ending = true
    if (this.#pending === 0) this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    for (const received of this.#parser.push(chunk)) this.#take(received)
    if (this.#pending > MOST_PENDING) this.#socket.pause()
  }

  #take(received: Received): void {
    if (received.kind === 'request') {
      this.#submit(received.request)
    } else if (received.kind === 'unrecognized') {
      this.#log.rarely('type', `unrecognized request type: '${escapeValue(received.type)}'`)
      this.#submit(undefined)
    } else if (received.kind === 'garbage') {
      this.#log.rarely('garbage', `ignoring garbage: <${escapeValue(received.text)}>`)
    } else {
      this.#log.rarely('oversize', 'warning: a request is too large; connection closed')
      this.#socket.destroy()
    }
  }

  #submit(request: PolicyRequest | undefined): void {
    this.#pending += 1
    this.#engine.submit({ request, answer: (reply) => this.#answer(reply) })
  }

  #answer(reply: string): void {
    this.#pending -= 1
    this.#send(reply)
    if (this.#ending && this.#pending === 0) this.#socket.end()
    else this.#resume()
  }

  #send(reply: string): void {
    if (this.#socket.destroyed) return
    if (!this.#socket.write(reply, 'latin1')) this.#socket.pause()
  }

  #resume(): void {
    const room = this.#pending <= MOST_PENDING / 2 && !this.#socket.writableNeedDrain
    if (room && this.#socket.isPaused()) this.#socket.resume()
  }
}

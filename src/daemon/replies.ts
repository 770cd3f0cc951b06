import { parseAddress } from '../greylist/address.js'
import { isOutbound } from '../greylist/correspondent.js'
import type { LogLines } from '../greylist/logline.js'
import type { Outbound, Policy } from '../greylist/policy.js'
import { DUNNO, deferReply, headerReply, type ReplyTexts } from '../greylist/reply.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Question } from './work.js'

export interface ReplyOptions {
  readonly policy: () => Policy
  readonly texts: () => ReplyTexts
  readonly log: Log
  readonly metrics: Metrics
  /** How decisions are written. */
  readonly lines: LogLines
  readonly quiet: () => boolean
  /** Told of mail that own users send. */
  readonly written?: (request: PolicyRequest, outbound: Outbound) => void
  /** Milliseconds since the epoch. */
  readonly clock: () => number
}

/** Messages that got their header already: the last so many. Recipients of one message follow each other closely. */
const REMEMBERED_MESSAGES = 2000

/** What is said of each decision: to Postfix, in the log, in the numbers. */
export class Replies {
  readonly #options: ReplyOptions
  readonly #headed = new Set<string>()
  /** The last deferral, since most wait for as long as the one before. */
  #deferral: { readonly texts: ReplyTexts; readonly seconds: number; readonly reply: string } | undefined

  constructor(options: ReplyOptions) {
    this.#options = options
  }

  /** An answer, whatever happens while it is written: mail must not wait for one that never comes. */
  to(question: Question): string {
    try {
      return this.#say(question)
    } catch (error) {
      this.#options.metrics.failedOpen += 1
      this.#options.log.rarely(
        'answer',
        `warning: not greylisting (answering DUNNO): ${(error as Error).message}`,
      )
      return DUNNO
    }
  }

  #say({ request, decision }: Question): string {
    this.#options.metrics.decided(decision)
    if (decision === undefined || request === undefined) return DUNNO
    const { log, lines, quiet, texts, clock, policy, written } = this.#options
    const { outbound } = policy()
    if (outbound && isOutbound(request, outbound, parseAddress(request.clientAddress)))
      written?.(request, outbound)
    // asked about every mail of everybody: nothing was decided
    if (decision.reason === 'outbound') return DUNNO
    const header = decision.delaySeconds !== undefined && this.#firstOfMessage(request.instance)
    if (decision.nowWhitelisted) log.record(lines.whitelisted(request))
    if (!quiet()) log.record(lines.action(request, decision, header))
    if (decision.action === 'defer') return this.#defer(decision.waitSeconds ?? 0, request.recipient)
    return header ? headerReply(texts(), decision.delaySeconds ?? 0, clock()) : DUNNO
  }

  #defer(seconds: number, recipient: string): string {
    const texts = this.#options.texts()
    if (texts.text.includes('%r')) return deferReply(texts, seconds, recipient)
    const last = this.#deferral
    if (last?.texts === texts && last.seconds === seconds) return last.reply
    const reply = deferReply(texts, seconds, recipient)
    this.#deferral = { texts, seconds, reply }
    return reply
  }

  /** The header goes to the first recipient only: each PREPEND would add one. */
  #firstOfMessage(instance: string): boolean {
    if (instance === '') return true
    if (this.#headed.has(instance)) return false
    // a copy: the text that it was cut from may be as long as all that came with it
    this.#headed.add(Buffer.from(instance, 'latin1').toString('latin1'))
    if (this.#headed.size > REMEMBERED_MESSAGES) {
      for (const oldest of this.#headed) {
        this.#headed.delete(oldest)
        break
      }
    }
    return true
  }
}

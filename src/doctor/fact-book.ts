import type { Host } from '../host/host.js'
import { boundedHost } from './bounded-host.js'
import type { DaemonFact } from './daemon-fact.js'

/** Thrown by a gatherer that cannot know: no privilege, no such program, an answer that did not come. */
export class Unknown extends Error {
  override readonly name = 'Unknown'
}

export type Gathered<T> =
  | { readonly known: true; readonly value: T }
  | { readonly known: false; readonly reason: string }

export interface FactOptions {
  readonly configDir: string
  /** Logs that were named; empty: where this host keeps them. */
  readonly logs: readonly string[]
  /** What the daemon makes of its settings; null: there is none here. The room of the daemon is not doctor's to enter. */
  readonly daemon?: () => Promise<DaemonFact | null>
}

export interface GatherContext<F> {
  readonly host: Host
  readonly options: FactOptions
  /** Another fact. Throws Unknown with its reason when that one is not known. */
  need<K extends keyof F>(name: K): Promise<F[K]>
  /** The same, undefined when it is not known. */
  want<K extends keyof F>(name: K): Promise<F[K] | undefined>
  /** The facts of another configuration directory on the same machine (postmulti(1)). */
  at(configDir: string): FactBook<F>
}

export interface Gatherer<F, T> {
  /** Seconds after which the fact is unknown; those for which it waited for other facts do not count. */
  readonly limit: number
  gather(context: GatherContext<F>): T | Promise<T>
}

export type Gatherers<F> = { readonly [K in keyof F]: Gatherer<F, F[K]> }

/** Seconds that a fact took. */
export interface FactTiming {
  /** From the first question for it to its answer. */
  readonly total: number
  /** Of these, while it waited for no other fact: what it costs itself. */
  readonly own: number
}

/** Facts about one machine: each gathered once, when it is first asked for, within its time limit. */
export class FactBook<F> {
  readonly timings = new Map<keyof F, FactTiming>()
  private readonly pages = new Map<keyof F, Promise<Gathered<F[keyof F]>>>()

  constructor(
    private readonly gatherers: Gatherers<F>,
    private readonly host: Host,
    private readonly options: FactOptions,
    given: Partial<F> = {},
  ) {
    for (const name of Object.keys(given) as (keyof F)[]) {
      this.pages.set(name, Promise.resolve({ known: true, value: given[name] as F[keyof F] }))
    }
  }

  get<K extends keyof F>(name: K): Promise<Gathered<F[K]>> {
    let page = this.pages.get(name)
    if (page === undefined) {
      page = this.gather(name)
      this.pages.set(name, page)
    }
    return page as Promise<Gathered<F[K]>>
  }

  private async gather(name: keyof F): Promise<Gathered<F[keyof F]>> {
    const { limit } = this.gatherers[name]
    const over = new AbortController()
    const watch = new Stopwatch(limit, () => over.abort())
    const late = new Promise<Gathered<F[keyof F]>>((resolve) => {
      const answer = { known: false, reason: `no answer within ${limit} s` } as const
      over.signal.addEventListener('abort', () => resolve(answer), { once: true })
    })
    const host = boundedHost(this.host, limit, over.signal)
    const answer = await Promise.race([this.try(name, host, watch), late])
    this.timings.set(name, watch.end())
    return answer
  }

  private async try(name: keyof F, host: Host, watch: Stopwatch): Promise<Gathered<F[keyof F]>> {
    const ask = <K extends keyof F>(other: K) => watch.whileWaiting(this.get(other))
    try {
      const context: GatherContext<F> = {
        host,
        options: this.options,
        need: async (other) => {
          const answer = await ask(other)
          if (answer.known) return answer.value
          throw new Unknown(answer.reason)
        },
        want: async (other) => {
          const answer = await ask(other)
          return answer.known ? answer.value : undefined
        },
        at: (configDir) => new FactBook(this.gatherers, this.host, { ...this.options, configDir }),
      }
      return { known: true, value: await this.gatherers[name].gather(context) }
    } catch (error) {
      return { known: false, reason: error instanceof Error ? error.message : String(error) }
    }
  }
}

/**
 * The time of one fact. It stands still while the fact waits for others, which have limits of their own: of several waits
 * at once, each moment counts once.
 */
class Stopwatch {
  private readonly began = performance.now()
  private since = this.began
  /** Milliseconds, up to when it stood still. */
  private own = 0
  private waits = 0
  private ended = false
  private timer: NodeJS.Timeout | undefined

  constructor(
    private readonly limit: number,
    private readonly late: () => void,
  ) {
    this.goOn()
  }

  private goOn(): void {
    this.since = performance.now()
    this.timer = setTimeout(this.late, Math.max(0, this.limit * 1000 - this.own))
  }

  private stand(): void {
    clearTimeout(this.timer)
    this.own += performance.now() - this.since
  }

  async whileWaiting<T>(answer: Promise<T>): Promise<T> {
    if (this.waits === 0 && !this.ended) this.stand()
    this.waits += 1
    try {
      return await answer
    } finally {
      this.waits -= 1
      if (this.waits === 0 && !this.ended) this.goOn()
    }
  }

  end(): FactTiming {
    if (this.waits === 0) this.stand()
    this.ended = true
    return { total: (performance.now() - this.began) / 1000, own: this.own / 1000 }
  }
}

/** Milliseconds in which a server that fails again and again is warned of once. */
export const CALM = 60_000

/** What is said of a server that comes and goes: one warning for an outage, and one for its end. */
export class Outage {
  readonly #name: string
  readonly #warn: (message: string) => void
  #trouble: string | undefined
  #since = performance.now()
  /** The failure that was warned of last is not over yet. */
  #warned = false
  #lastWarning = Number.NEGATIVE_INFINITY
  /** That it runs no scripts was said. */
  #saidWhy = false

  /** `name`: how the server is called in messages. */
  constructor(name: string, warn: (message: string) => void) {
    this.#name = name
    this.#warn = warn
  }

  /** Why the server could not be used the last time. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** It was used until now. */
  began(error: Error): void {
    this.#since = performance.now()
    this.goesOn(error)
  }

  /** Another try failed. */
  goesOn(error: Error): void {
    this.#trouble = reasonOf(error)
    const now = performance.now()
    if (this.#warned || now - this.#lastWarning < CALM) return
    this.#warned = true
    this.#lastWarning = now
    this.#warn(`${this.#name} cannot be used (${this.#trouble}): this host remembers alone until it can`)
  }

  ended(): void {
    if (this.#warned) {
      const seconds = Math.round((performance.now() - this.#since) / 1000)
      this.#warn(
        `${this.#name} can be used again, after ${seconds} s; what was learned here meanwhile is merged into it`,
      )
    }
    this.#warned = false
  }

  /** It can be used, but for that. */
  runsNoScripts(why: string): void {
    if (this.#saidWhy) return
    this.#saidWhy = true
    this.#warn(
      `${this.#name} runs no scripts for us (${printable(why)}): a new mail takes two round trips, not one`,
    )
  }
}

/** What iovalkey says between the end of a connection and the news of it. */
const UNCONNECTED = /^(?:Stream isn't writeable|Cluster isn't ready) and enableOfflineQueue/

function reasonOf(error: Error): string {
  if (UNCONNECTED.test(error.message)) return 'Connection is closed.'
  return printable(error.message || String((error as NodeJS.ErrnoException).code ?? error.name))
}

/** One line of printable characters: a server may say anything. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 160)
}

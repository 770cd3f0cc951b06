import { lookUpSenders, type SpfAnswer, type SpfDns, type SpfSenders } from '../greylist/spf.js'

/** Domains that are remembered of each kind, and networks of all together: 30 MB at the most, whatever anybody publishes. */
const MOST_DOMAINS = 10_000
const MOST_NETWORKS = 200_000
/** Look-ups at once, and waiting for their turn: whoever invents domains gets no more of the DNS than this. */
const MOST_AT_ONCE = 20
const MOST_WAITING = 500
/** Milliseconds an answer counts: TXT records tell no time to live here, and SPF records seldom change. */
const KEEP = 3_600_000
/** The same after a failure. */
const KEEP_FAILURE = 300_000
/**
 * Milliseconds for which an old answer still counts while it is asked for anew (RFC 8767 §5): a pool that writes once a day
 * would otherwise be unknown at each of its mails.
 */
const STALE = 3 * 86_400_000
/** Milliseconds for all questions about a domain together (RFC 7208 §4.6.4 suggests at least 20 s). */
const DEADLINE = 20_000

/** One domain's server may fail; so many domains in a row are the resolver's fault. */
const SUSPICIOUS = 10

interface Entry {
  readonly senders: SpfSenders | undefined
  /** Not asked about again before then. */
  readonly fresh: number
  /** Nothing is known any more after that. */
  readonly until: number
}

/** Who may send for which domain, as far as the DNS has answered: asking never waits, and looking up is done aside. */
export class SenderCache {
  readonly #entries = new Map<string, Entry>()
  /** Domains that say nothing, apart: whoever invents domains displaces no others. */
  readonly #empty = new Map<string, Entry>()
  readonly #underWay = new Map<string, Promise<SpfSenders | undefined>>()
  readonly #waiting: (() => void)[] = []
  /** Networks of all entries. */
  #networks = 0
  #running = 0
  #failures = 0
  readonly #dns: SpfDns
  readonly #clock: () => number
  readonly #complain: (why: string) => void

  /** `clock`: milliseconds. `complain` is told once when the DNS answers nothing any more, until it does again. */
  constructor(dns: SpfDns, clock: () => number, complain: (why: string) => void = () => {}) {
    this.#dns = dns
    this.#clock = clock
    this.#complain = complain
  }

  /** undefined: not known, or known to say nothing. What is old is looked up again, aside. */
  known(domain: string): SpfSenders | undefined {
    const entry = this.#entries.get(domain)
    if (entry?.senders === undefined) return undefined
    const now = this.#clock()
    if (entry.fresh <= now) void this.lookUp(domain)
    return entry.until > now ? entry.senders : undefined
  }

  /** undefined: there is nothing to wait for, since it is known already or too much is under way. Never rejects. */
  lookUp(domain: string): Promise<SpfSenders | undefined> | undefined {
    const entry = this.#entries.get(domain) ?? this.#empty.get(domain)
    if (entry !== undefined && entry.fresh > this.#clock()) return undefined
    const before = this.#underWay.get(domain)
    if (before !== undefined) return before
    if (this.#waiting.length >= MOST_WAITING) return undefined
    const lookup = this.#turn()
      .then(() => within(lookUpSenders(domain, this.#dns), DEADLINE))
      .then(
        (answer) => {
          this.#failures = 0
          return this.#answered(domain, answer)
        },
        (error: Error) => {
          this.#failures += 1
          if (this.#failures === SUSPICIOUS) this.#complain(error.message)
          return this.#failed(domain)
        },
      )
      .finally(() => {
        this.#underWay.delete(domain)
        this.#running -= 1
        this.#waiting.shift()?.()
      })
    this.#underWay.set(domain, lookup)
    return lookup
  }

  #answered(domain: string, answer: SpfAnswer): SpfSenders | undefined {
    const senders = answer.kind === 'senders' ? answer.senders : undefined
    const now = this.#clock()
    return this.#keep(domain, { senders, fresh: now + KEEP, until: now + STALE })
  }

  /** What was known before goes on counting. */
  #failed(domain: string): SpfSenders | undefined {
    const now = this.#clock()
    const before = this.#entries.get(domain) ?? { senders: undefined, until: 0 }
    return this.#keep(domain, { ...before, fresh: now + KEEP_FAILURE })
  }

  #keep(domain: string, entry: Entry): SpfSenders | undefined {
    this.#drop(this.#entries, domain)
    this.#drop(this.#empty, domain)
    const entries = entry.senders === undefined ? this.#empty : this.#entries
    entries.set(domain, entry)
    this.#networks += entry.senders?.size ?? 0
    for (const oldest of entries.keys()) {
      if (entries.size <= MOST_DOMAINS && this.#networks <= MOST_NETWORKS) break
      this.#drop(entries, oldest)
    }
    return entry.until > this.#clock() ? entry.senders : undefined
  }

  #drop(entries: Map<string, Entry>, domain: string): void {
    this.#networks -= entries.get(domain)?.senders?.size ?? 0
    entries.delete(domain)
  }

  /** Resolves when one more may ask. */
  async #turn(): Promise<void> {
    if (this.#running >= MOST_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running += 1
  }
}

function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer in time')), milliseconds)
    timer.unref()
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

import { lookUpSenders, type SpfDns, type SpfSenders } from '../greylist/spf.js'
import type { KnownSenders } from './judge.js'

/** As many as the daemon asks about at once, and remembers: domains, and networks of all of them. */
const MOST_AT_ONCE = 20
const MOST_DOMAINS = 10_000
const MOST_NETWORKS = 200_000
/** So many failed, and none was answered: the rest would fail, too. */
const HOPELESS = 20

export interface SpfOptions {
  /** The daemon's own. */
  readonly dns: SpfDns
  /** Seconds for all questions together. */
  readonly seconds: number
  /** Told with each domain. */
  readonly progress?: (done: number, of: number) => void
}

/** What became of the domains whose records could have made a difference. */
export interface SpfTally {
  readonly domains: number
  /** They name machines that count as one client. */
  readonly authorising: number
  /** They have no record, or one that cannot be used. */
  readonly none: number
  readonly failed: number
  /** There was no time for them, or no room. */
  readonly notAsked: number
}

export interface LookedUp {
  readonly senders: KnownSenders
  readonly tally: SpfTally
}

/** Looks up who may send for each domain, the first ones first. Never rejects: whom the DNS says nothing of is not known. */
export async function lookUpAll(
  domains: readonly string[],
  { dns, seconds, progress }: SpfOptions,
): Promise<LookedUp> {
  const answers = new Map<string, SpfSenders | undefined>()
  const counts = { authorising: 0, none: 0, failed: 0 }
  const once = askedOnce(dns)
  const left = domains.slice(0, MOST_DOMAINS).values()
  let over = false
  let networks = 0
  const ask = async () => {
    for (const domain of left) {
      const answer = await lookUpSenders(domain, once).catch(() => undefined)
      if (over) return
      if (answer === undefined) counts.failed += 1
      else if (answer.kind === 'none') counts.none += 1
      else {
        counts.authorising += 1
        answers.set(domain, answer.senders)
        networks += answer.senders.size
      }
      const answered = counts.authorising + counts.none
      progress?.(answered + counts.failed, domains.length)
      if ((answered === 0 && counts.failed >= HOPELESS) || networks >= MOST_NETWORKS) return
    }
  }
  const workers = Array.from({ length: MOST_AT_ONCE }, ask)
  await within(Promise.all(workers), seconds)
  over = true
  const notAsked = domains.length - counts.authorising - counts.none - counts.failed
  return {
    senders: (domain) => answers.get(domain),
    tally: { domains: domains.length, ...counts, notAsked },
  }
}

/** Thousands of domains include the same few records of large services. */
function askedOnce(dns: SpfDns): SpfDns {
  const once = (ask: (name: string) => Promise<readonly string[]>) => {
    const asked = new Map<string, Promise<readonly string[]>>()
    return (name: string) => {
      const before = asked.get(name)
      if (before !== undefined) return before
      const answer = ask(name)
      asked.set(name, answer)
      return answer
    }
  }
  return {
    texts: once((name) => dns.texts(name)),
    addresses: once((name) => dns.addresses(name)),
    mailHosts: once((name) => dns.mailHosts(name)),
  }
}

/** Resolves with the work, or when its time is over. */
async function within(work: Promise<unknown>, seconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}

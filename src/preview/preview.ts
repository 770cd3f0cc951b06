import type { Host } from '../host/host.js'
import { type ReadOptions, readLog } from '../maillog/read.js'
import type { Problem, Window } from '../maillog/report.js'
import { percentileOf } from '../maillog/totals.js'
import { Attempts } from './attempt.js'
import { Judge, type JudgeOptions } from './judge.js'
import { type Outcome, Replay } from './replay.js'
import type { Basis } from './schedule.js'
import { SenderDomains } from './sender-domains.js'
import { type LookedUp, lookUpAll, type SpfOptions, type SpfTally } from './senders.js'
import { type Delayed, type PoolTally, Tally } from './tally.js'

export interface PreviewOptions extends ReadOptions, Omit<JudgeOptions, 'senders'> {
  /** mynetworks: their mail is not asked about. */
  readonly ownNetworks: readonly string[]
  /** Of each list, so many. */
  readonly top: number
  /** Asks the DNS who may send for whom; without it, pools are known by names alone. The log is read twice for it. */
  readonly spf?: SpfOptions | undefined
}

/** What greylisting would have done to the mail of a log. A mail is one sender's to one recipient; times in seconds. */
export interface Preview extends Outcome {
  readonly mails: number
  readonly notAsked: number
  readonly atOnce: Readonly<Record<string, number>>
  readonly delayed: number
  /** Of the delayed: how their delay is known. */
  readonly basis: Readonly<Record<Basis, number>>
  readonly delay: Readonly<Record<'mean' | 'median' | 'p90' | 'p99' | 'max', number | null>>
  readonly longest: readonly Delayed[]
  readonly pools: readonly PoolTally[]
  /** undefined: nobody was asked. */
  readonly spf: SpfTally | undefined
  /** Attempts without a time. */
  readonly undated: number
  readonly window: Window
  readonly problems: readonly Problem[]
}

/** A stream: memory is bounded whatever the log. Throws GreyctlError('log-unreadable'). */
export async function previewLog(host: Host, options: PreviewOptions): Promise<Preview> {
  const spf = options.spf && (await lookUpSendersOf(host, options, options.spf))
  const tally = new Tally()
  const replay = new Replay(new Judge({ ...options, senders: spf?.senders }), tally)
  const attempts = new Attempts(options.ownNetworks, (attempt) => replay.add(attempt))
  const { window, until, problems } = await readLog(host, options, (told) => attempts.add(told))
  const outcome = replay.end(until)
  const { delays, delayed, notAsked } = tally
  const atOnce = Object.fromEntries([...tally.atOnce].sort(([, a], [, b]) => b - a))
  const passed = [...tally.atOnce.values()].reduce((sum, count) => sum + count, 0)
  const open = outcome.neverCameBack.stopped + outcome.waitingAtEnd + outcome.lost
  return {
    ...outcome,
    mails: notAsked + passed + delayed + open,
    notAsked,
    atOnce,
    delayed,
    basis: tally.byBasis,
    delay: {
      mean: delayed === 0 ? null : Math.round(sumOf(delays) / delayed),
      median: percentileOf(delays, 50),
      p90: percentileOf(delays, 90),
      p99: percentileOf(delays, 99),
      max: percentileOf(delays, 100),
    },
    longest: tally.longest(options.top),
    pools: tally.pools(options.top),
    spf: spf?.tally,
    undated: attempts.undated,
    window,
    problems,
  }
}

/** The senders of the whole log: what is known of a domain counts from its first mail on, as it does once the daemon runs. */
async function lookUpSendersOf(host: Host, options: PreviewOptions, spf: SpfOptions): Promise<LookedUp> {
  const domains = new SenderDomains(new Judge(options))
  const attempts = new Attempts(options.ownNetworks, (attempt) => domains.add(attempt))
  await readLog(host, options, (told) => attempts.add(told))
  return lookUpAll(domains.list(), spf)
}

function sumOf(counts: ReadonlyMap<number, number>): number {
  let sum = 0
  for (const [value, count] of counts) sum += value * count
  return sum
}

import type { Story } from '../life.js'
import type { Observer } from '../observer.js'
import type { VerifyReport } from '../report.js'
import type { Stories } from '../story.js'
import { clientNetwork, clientText, normalAddress } from '../triplet.js'
import { CalendarTally } from './calendar.js'
import { bucketsOf, totalOf } from './delays.js'
import { Looks } from './looks.js'
import { MissingTally } from './missing.js'
import { domainOf } from './names.js'
import { type Outcome, outcomeOf } from './outcomes.js'
import { poolsOf } from './pools.js'
import { RankingTally } from './ranking.js'
import { RANKINGS, type RankingName, type Report, type Summary } from './shape.js'
import { WhitelistTally } from './whitelisted.js'

export interface BuildInput {
  /** What verify says of the same stories. */
  readonly verified: VerifyReport
  readonly stories: Stories
  /** Seconds since the epoch up to which retries could have been seen. */
  readonly until: number | undefined
  /** IANA name of the zone in which days and hours are counted. */
  readonly zone: string
}

/** Pure: what greylisting did to mail, counted story by story; memory is bounded whatever comes. */
export class ReportBuilder {
  private readonly outcome = { cameBack: 0, elsewhere: 0, waiting: 0, neverCameBack: 0 }
  private readonly calendar = new CalendarTally()
  private readonly whitelist = new WhitelistTally(this.calendar)
  private readonly rankings = new Rankings()
  private readonly looks = new Looks()
  private readonly missing: MissingTally

  /** `top`: rows of each list at most; 0: all. */
  constructor(private readonly top: number) {
    this.missing = new MissingTally(top)
  }

  /** What it has to be told while the log is read, and what somebody else wants to be told with it. */
  observer(others: Pick<Observer, 'deferred' | 'passed'>): Observer {
    return {
      ...others,
      letGo: (story, at) => {
        this.looks.add(story)
        this.count(story, at)
      },
      whitelisted: (event, at, times) => this.whitelist.add(event, at, times),
    }
  }

  /** The part of the report that needs no lists: cheap enough to be asked for again and again while the log goes on. */
  summary({ verified, stories, until }: BuildInput): Omit<Summary, 'minutes'> {
    const outcome = { ...this.outcome }
    for (const story of stories.each()) outcome[outcomeOf(story, until)] += 1
    return { ...headOf(verified, stories), outcome }
  }

  /** Once, at the end: what is still followed is counted. */
  end({ verified, stories, until, zone }: BuildInput): Report {
    for (const story of stories.each()) this.looks.add(story)
    for (const story of stories.each()) this.count(story, until)
    const { pools, mails } = poolsOf(() => stories.each())
    const { delays } = stories.totals
    const neverCameBack = this.missing.end()
    return {
      ...headOf(verified, stories),
      outcome: this.outcome,
      zone,
      balance: {
        waitedSeconds: totalOf(delays),
        legitimateLost: neverCameBack.looks.legitimate,
        poolMails: mails,
        networksGone: this.missing.networkCount,
      },
      calendar: this.calendar.end(),
      delays: bucketsOf(delays),
      neverCameBack,
      pools: { total: pools.length, listed: this.top === 0 ? pools : pools.slice(0, this.top) },
      top: this.rankings.end(this.top),
      whitelisted: this.whitelist.end(),
    }
  }

  private count(story: Story, until: number | undefined): void {
    const outcome = outcomeOf(story, until)
    this.outcome[outcome] += 1
    this.calendar.story(story, outcome)
    this.rankings.add(story, outcome)
    if (outcome === 'neverCameBack') this.missing.add(story, this.looks)
  }
}

function headOf(verified: VerifyReport, stories: Stories): Omit<Summary, 'outcome' | 'minutes'> {
  const { verdict, counts, delay, window, problems } = verified
  return {
    verdict,
    greylistingSeen: stories.decisions > 0 || counts.greylisted > 0,
    counts,
    delay,
    window,
    accepted: stories.strangers,
    learned: stories.learned,
    untracked: stories.untracked,
    problems,
  }
}

class Rankings {
  private readonly tallies = Object.fromEntries(RANKINGS.map((name) => [name, new RankingTally()])) as Record<
    RankingName,
    RankingTally
  >

  add({ client, sender, recipient }: Story, outcome: Outcome): void {
    const network = clientNetwork(client.address)
    this.tallies.clients.add(network, clientText(client), outcome)
    for (const [kind, address] of [
      ['sender', sender],
      ['recipient', recipient],
    ] as const) {
      const shown = address === '' ? '<>' : normalAddress(address)
      const domain = address === '' ? '<>' : domainOf(address)
      this.tallies[`${kind}s`].add(shown, shown, outcome)
      this.tallies[`${kind}Domains`].add(domain, domain, outcome)
    }
  }

  end(top: number): Report['top'] {
    return Object.fromEntries(RANKINGS.map((name) => [name, this.tallies[name].end(top)])) as Report['top']
  }
}

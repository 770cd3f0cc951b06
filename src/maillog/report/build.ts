import type { Story } from '../life.js'
import type { VerifyReport } from '../report.js'
import type { Stories } from '../story.js'
import { isoTime } from '../time.js'
import { clientNetwork, clientText, normalAddress } from '../triplet.js'
import type { CalendarTally } from './calendar.js'
import { DelayTally } from './delays.js'
import { Looks } from './looks.js'
import { domainOf } from './names.js'
import { type Outcome, outcomesOf, WAITING_SECONDS } from './outcomes.js'
import { poolsOf } from './pools.js'
import { RankingTally } from './ranking.js'
import { type Look, type Missing, RANKINGS, type RankingName, type Reason, type Report } from './shape.js'

export interface BuildInput {
  /** What verify says of the same stories. */
  readonly verified: VerifyReport
  readonly stories: Stories
  /** Seconds since the epoch up to which retries could have been seen. */
  readonly until: number | undefined
  /** Already knows what whitelists let through. */
  readonly calendar: CalendarTally
  readonly whitelisted: readonly Reason[]
  readonly zone: string
  /** Rows of each list at most; 0: all. */
  readonly top: number
}

/** Pure: what greylisting did to mail, from the life of each triplet. */
export function buildReport(input: BuildInput): Report {
  const { verified, stories, calendar, top } = input
  const outcomeOf = outcomesOf(stories.lives, input.until)
  const outcome = { cameBack: 0, elsewhere: 0, waiting: 0, neverCameBack: 0 }
  const delays = new DelayTally()
  const rankings = new Rankings()
  const gone: Story[] = []
  for (const story of stories.lives) {
    const what = outcomeOf(story)
    outcome[what] += 1
    calendar.story(story, what)
    rankings.add(story, what)
    if (story.passed && story.delay !== undefined) delays.add(story.delay)
    if (what === 'neverCameBack') gone.push(story)
  }
  const missing = judgeMissing(stories.lives, gone)
  const { pools, mails } = poolsOf(stories.lives)
  const { verdict, counts, delay, window, problems } = verified
  return {
    verdict,
    greylistingSeen: stories.decisions > 0 || stories.lives.length > 0 || stories.untracked > 0,
    counts,
    outcome,
    delay,
    window,
    zone: input.zone,
    accepted: stories.strangers,
    learned: stories.learned,
    balance: {
      waitedSeconds: delays.total,
      legitimateLost: missing.looks.legitimate,
      poolMails: mails,
      networksGone: new Set(gone.map(({ client }) => clientNetwork(client.address))).size,
    },
    calendar: calendar.end(),
    delays: delays.buckets(),
    neverCameBack: {
      total: gone.length,
      looks: missing.looks,
      listed: firstOf(missing.all, top).map(({ row }) => row),
      waitingSeconds: WAITING_SECONDS,
    },
    pools: { total: pools.length, listed: firstOf(pools, top) },
    top: rankings.end(top),
    whitelisted: input.whitelisted,
    untracked: stories.untracked,
    problems,
  }
}

function firstOf<T>(all: readonly T[], top: number): readonly T[] {
  return top === 0 ? all : all.slice(0, top)
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

interface JudgedMissing {
  readonly looks: Readonly<Record<Look, number>>
  readonly all: readonly { readonly row: Missing; readonly weight: number }[]
}

/** Those that look legitimate first, then those that tried most often, then the latest. */
function judgeMissing(stories: readonly Story[], gone: readonly Story[]): JudgedMissing {
  const judge = new Looks()
  for (const story of stories) judge.add(story)
  const looks = { legitimate: 0, unclear: 0, spam: 0 }
  const all = gone.map((story) => {
    const { look, marks, weight } = judge.judge(story)
    looks[look] += 1
    const { client, sender, recipient, deferrals, deferredAt, lastDeferredAt } = story
    const row: Missing = {
      look,
      marks,
      ...client,
      sender,
      recipient,
      tries: deferrals,
      firstAt: deferredAt === undefined ? null : isoTime(deferredAt),
      lastAt: lastDeferredAt === undefined ? null : isoTime(lastDeferredAt),
    }
    return { row, weight }
  })
  const byWorth = (a: (typeof all)[number], b: (typeof all)[number]) =>
    b.weight - a.weight || b.row.tries - a.row.tries || ((a.row.lastAt ?? '') > (b.row.lastAt ?? '') ? -1 : 1)
  return { looks, all: all.sort(byWorth) }
}

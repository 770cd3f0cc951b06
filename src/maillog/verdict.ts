import { delayOf } from './delay.js'
import type { Story } from './life.js'
import { problemsOf } from './problems.js'
import type { Example, Problem, Verdict, VerifyReport, Window } from './report.js'
import type { Stories } from './story.js'
import { timeOrNull } from './time.js'
import { percentileOf, type Stuck } from './totals.js'
import { clientText } from './triplet.js'

export interface JudgeInput {
  readonly stories: Stories
  readonly window: Window
  /** Seconds since the epoch up to which retries could have been seen: now, or the end of an old log. */
  readonly until: number | undefined
  /** What went wrong while reading. */
  readonly readProblems: readonly Problem[]
}

/** Seconds: deferrals over so long a time are no early retries, whatever the delay. */
const LONGEST_DELAY = 3600

/** Pure: what the log's stories mean. */
export function judge({ stories, window, until, readProblems }: JudgeInput): VerifyReport {
  const { totals } = stories
  const { greylisted, passed, earlyRetries, acceptedElsewhere, delays } = totals
  const stuck = stuckOf(stories)
  const verdict = verdictOf(stories, stuck, until)
  return {
    verdict,
    counts: {
      greylisted,
      passed,
      neverRetried: greylisted - passed,
      earlyRetries,
      whitelisted: stories.whitelisted,
      unreachable: stories.unreachable.count,
      acceptedElsewhere,
    },
    delay: {
      median: percentileOf(delays, 50),
      p90: percentileOf(delays, 90),
      p99: percentileOf(delays, 99),
      max: percentileOf(delays, 100),
    },
    window: { ...window, from: timeOrNull(window.from), to: timeOrNull(window.to) },
    examples: totals.examples.map(exampleOf),
    problems: [...problemsOf({ stories, stuck, verdict, window, until }), ...readProblems],
  }
}

function verdictOf(stories: Stories, stuck: Stuck, until: number | undefined): Verdict {
  const { greylisted, passed } = stories.totals
  if (isDown(stories)) return 'broken'
  if (passed > 0) return 'working'
  if (stuck.count > 0) return 'broken'
  if (greylisted > 0) return couldHavePassed(stories, until) ? 'inconclusive' : 'waiting'
  return stories.decisions === 0 && stories.strangers > 0 ? 'off' : 'inconclusive'
}

/** The policy server did not answer, and no sign of greylisting came after. */
export function isDown({ unreachable, lastSign }: Stories): boolean {
  if (unreachable.count === 0) return false
  return lastSign === undefined || unreachable.last === undefined || unreachable.last > lastSign
}

function couldHavePassed(stories: Stories, until: number | undefined): boolean {
  const { earliestDeferral } = stories.totals
  if (until === undefined) return true
  return earliestDeferral !== undefined && until - earliestDeferral >= delayOf(stories)
}

/** Retried after the delay, more than once, and deferred every time. */
function stuckOf(stories: Stories): Stuck {
  const known = stories.configuredDelay ?? stories.totals.shortestDelay ?? 0
  return stories.totals.stuck(known > 0 ? known + 5 : LONGEST_DELAY)
}

function exampleOf(story: Story): Example {
  return {
    client: clientText(story.client),
    sender: story.sender,
    recipient: story.recipient,
    deferredAt: timeOrNull(story.deferredAt),
    passedAt: timeOrNull(story.passedAt),
    delay: story.delay ?? null,
  }
}

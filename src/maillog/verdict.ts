import type { Story } from './life.js'
import { problemsOf } from './problems.js'
import type { Example, Problem, Verdict, VerifyReport, Window } from './report.js'
import type { Stories } from './story.js'
import { isoTime } from './time.js'
import { clientText } from './triplet.js'

export interface JudgeInput {
  readonly stories: Stories
  readonly window: Window
  /** Seconds since the epoch up to which retries could have been seen: now, or the end of an old log. */
  readonly until: number | undefined
  /** What went wrong while reading. */
  readonly readProblems: readonly Problem[]
}

/** Seconds: postgrey's delay, assumed where neither early retries nor passes tell the real one. */
const ASSUMED_DELAY = 300
/** Seconds: deferrals over so long a time are no early retries, whatever the delay. */
const LONGEST_DELAY = 3600
const EXAMPLES = 5

/** Pure: what the log's stories mean. */
export function judge({ stories, window, until, readProblems }: JudgeInput): VerifyReport {
  const passed = stories.lives.filter((life) => life.passed)
  const delays = passed.flatMap((life) => life.delay ?? []).sort((a, b) => a - b)
  const stuck = stuckOf(stories)
  const verdict = verdictOf(stories, { passed: passed.length, stuck: stuck.length, until })
  return {
    verdict,
    counts: {
      greylisted: stories.lives.length,
      passed: passed.length,
      neverRetried: stories.lives.length - passed.length,
      earlyRetries: stories.lives.reduce((sum, life) => sum + life.deferrals - 1, 0),
      whitelisted: stories.whitelisted,
      unreachable: stories.unreachable.count,
    },
    delay: {
      median: percentile(delays, 50),
      p90: percentile(delays, 90),
      p99: percentile(delays, 99),
      max: delays.at(-1) ?? null,
    },
    window: { ...window, from: timeOrNull(window.from), to: timeOrNull(window.to) },
    examples: examplesOf(stories.lives),
    problems: [...problemsOf({ stories, stuck, verdict, window }), ...readProblems],
  }
}

interface Tally {
  readonly passed: number
  readonly stuck: number
  readonly until: number | undefined
}

function verdictOf(stories: Stories, { passed, stuck, until }: Tally): Verdict {
  if (isDown(stories)) return 'broken'
  if (passed > 0) return 'working'
  if (stuck > 0) return 'broken'
  if (stories.lives.length > 0)
    return couldHavePassed(stories.lives, until, delayOf(stories)) ? 'inconclusive' : 'waiting'
  const silent = stories.decisions === 0 && stories.untracked === 0
  return silent && stories.strangers > 0 ? 'off' : 'inconclusive'
}

/** The policy server did not answer, and no sign of greylisting came after. */
export function isDown({ unreachable, lastSign }: Stories): boolean {
  if (unreachable.count === 0) return false
  return lastSign === undefined || unreachable.last === undefined || unreachable.last > lastSign
}

/** Seconds a first mail has to wait here: as early retries were told, else the shortest wait that ended. */
export function delayOf(stories: Stories): number {
  if (stories.configuredDelay !== undefined) return stories.configuredDelay
  const ended = stories.lives.flatMap((life) => (life.passed ? (life.delay ?? []) : []))
  return ended.length > 0 ? ended.reduce((a, b) => Math.min(a, b)) : ASSUMED_DELAY
}

function couldHavePassed(lives: readonly Story[], until: number | undefined, delay: number): boolean {
  if (until === undefined) return true
  return lives.some((life) => life.deferredAt !== undefined && until - life.deferredAt >= delay)
}

/** Retried after the delay, more than once, and deferred every time. */
function stuckOf(stories: Stories): readonly Story[] {
  const known = stories.configuredDelay ?? (stories.lives.some((life) => life.passed) ? delayOf(stories) : 0)
  const longest = known > 0 ? known + 5 : LONGEST_DELAY
  return stories.lives.filter(
    (life) => !life.passed && life.series.count >= 3 && life.series.seconds > longest,
  )
}

/** Nearest rank. The list is sorted. */
export function percentile(sorted: readonly number[], percent: number): number | null {
  if (sorted.length === 0) return null
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? null
}

/** Those that passed first, the latest first: what a person can look up in the log. */
function examplesOf(lives: readonly Story[]): readonly Example[] {
  const newest = (life: Story) => life.passedAt ?? life.deferredAt ?? 0
  const passed = latest(
    lives.filter((life) => life.passed),
    newest,
  )
  const waiting = latest(
    lives.filter((life) => !life.passed),
    newest,
  )
  return [...passed, ...waiting].slice(0, EXAMPLES).map((life) => ({
    client: clientText(life.client),
    sender: life.sender,
    recipient: life.recipient,
    deferredAt: timeOrNull(life.deferredAt),
    passedAt: timeOrNull(life.passedAt),
    delay: life.delay ?? null,
  }))
}

function latest(lives: readonly Story[], when: (life: Story) => number): readonly Story[] {
  return [...lives].sort((a, b) => when(b) - when(a)).slice(0, EXAMPLES)
}

/** null for a time that there is not, or that no calendar has. */
function timeOrNull(seconds: number | undefined): string | null {
  return seconds === undefined || Math.abs(seconds) > 8.64e12 ? null : isoTime(seconds)
}

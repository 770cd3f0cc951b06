import type { Host } from '../host/host.js'
import type { Story } from './life.js'
import type { Observer } from './observer.js'
import { type LogRead, readLog } from './read.js'
import type { VerifyReport } from './report.js'
import { StoryTeller } from './story.js'
import { timeOrNull } from './time.js'
import { clientText } from './triplet.js'
import { judge } from './verdict.js'
import type { VerifyOptions } from './verify.js'

/** What is new in a log that is followed. */
export type News = { readonly what: 'verdict'; readonly report: VerifyReport } | Change

/** Times are RFC 3339 in UTC, null where lines have none; `delay` in seconds. Text is the log's: escape it before printing. */
export interface Change {
  readonly what: 'deferred' | 'accepted'
  readonly client: string
  readonly sender: string
  readonly recipient: string
  readonly deferrals: number
  readonly deferredAt: string | null
  readonly lastDeferredAt: string | null
  readonly passedAt: string | null
  readonly delay: number | null
}

export interface FollowOptions extends VerifyOptions {
  readonly signal: AbortSignal
  readonly tell: (news: News) => void
}

/** Milliseconds between two judgements, each of which looks at all triplets: the journal tells each of its entries apart. */
const PAUSE = 500

/**
 * verifySources for a log that goes on: tells the verdict when what is there was read, then each deferral and acceptance
 * as it comes, and the verdict again when it is another. Ends with the signal. Throws GreyctlError('log-unreadable').
 */
export async function followLog(host: Host, options: FollowOptions): Promise<VerifyReport> {
  const { signal, tell } = options
  let told: VerifyReport | undefined
  const changes = changesIn((change) => {
    if (told !== undefined) tell(change)
  })
  const teller = new StoryTeller(options.limits, options.ownNetworks, changes)
  const reportOf = ({ window, until, problems }: LogRead) =>
    judge({ stories: teller.end(), window, until, readProblems: problems })
  let latest: LogRead | undefined
  let due: NodeJS.Timeout | undefined
  const look = () => {
    clearTimeout(due)
    due = undefined
    if (latest === undefined || told?.window.lines === latest.window.lines) return
    const report = reportOf(latest)
    const changed = told?.verdict !== report.verdict
    told = report
    if (changed) tell({ what: 'verdict', report })
  }
  const ended = (read: LogRead) => {
    latest = read
    if (told === undefined) look()
    else due ??= setTimeout(look, PAUSE)
  }
  const read = await readLog(host, { ...options, follow: { signal, ended } }, teller).finally(() =>
    clearTimeout(due),
  )
  look()
  return reportOf(read)
}

/** Each deferral and each acceptance, as it is read. */
export function changesIn(tell: (change: Change) => void): Required<Pick<Observer, 'deferred' | 'passed'>> {
  return {
    deferred: (story) => tell(changeOf('deferred', story)),
    passed: (story) => tell(changeOf('accepted', story)),
  }
}

function changeOf(what: Change['what'], story: Story): Change {
  const { client, sender, recipient, deferrals, deferredAt, lastDeferredAt, passedAt, delay } = story
  return {
    what,
    client: clientText(client),
    sender,
    recipient,
    deferrals,
    deferredAt: timeOrNull(deferredAt),
    lastDeferredAt: timeOrNull(lastDeferredAt),
    passedAt: timeOrNull(passedAt),
    delay: delay ?? null,
  }
}

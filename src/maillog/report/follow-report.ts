import type { Host } from '../../host/host.js'
import { type Change, changesIn } from '../follow.js'
import { type LogRead, readLog } from '../read.js'
import { MinuteTally } from './minutes.js'
import { Account, type ReportOptions } from './report-log.js'
import type { Report, Summary } from './shape.js'

export interface FollowReportOptions extends ReportOptions {
  readonly signal: AbortSignal
  /** When what was there has been read. What it comes to can be asked for then, until the end. */
  readonly begun: (summarise: () => Summary) => void
  /** Each deferral and acceptance after that. */
  readonly tell: (change: Change) => void
}

/**
 * reportLog for a log that goes on; the report is that of all that was read until the signal. Memory is bounded however
 * long it goes on. Throws GreyctlError('log-unreadable').
 */
export async function followReport(host: Host, options: FollowReportOptions): Promise<Report> {
  const { signal, begun, tell } = options
  const minutes = new MinuteTally()
  let latest: LogRead | undefined
  const changes = changesIn((change) => {
    if (latest !== undefined) tell(change)
  })
  const account = new Account(options, {
    deferred: (story) => {
      minutes.add('deferred', story.lastDeferredAt, host.now())
      changes.deferred(story)
    },
    passed: (story) => {
      minutes.add('accepted', story.passedAt, host.now())
      changes.passed(story)
    },
  })
  const summarise = (read: LogRead): Summary => {
    const now = host.now()
    return { ...account.builder.summary(account.soFar({ ...read, until: now })), minutes: minutes.upTo(now) }
  }
  const ended = (read: LogRead) => {
    const isFirst = latest === undefined
    latest = read
    if (isFirst) begun(() => summarise(latest ?? read))
  }
  return account.end(await readLog(host, { ...options, follow: { signal, ended } }, account.listener))
}

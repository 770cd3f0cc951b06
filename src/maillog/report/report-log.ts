import type { Host } from '../../host/host.js'
import type { Client } from '../event.js'
import { type ReadOptions, readLog } from '../read.js'
import { type StoryLimits, StoryTeller, type Told } from '../story.js'
import { judge } from '../verdict.js'
import { buildReport } from './build.js'
import { CalendarTally } from './calendar.js'
import type { Report } from './shape.js'
import { WhitelistTally } from './whitelisted.js'

export interface ReportOptions extends ReadOptions {
  /** Networks whose mail is not a stranger's. */
  readonly ownNetworks?: readonly string[]
  readonly limits?: StoryLimits
  /** Rows of each list at most; 0: all. */
  readonly top: number
  /** Leaves out what other clients did. */
  readonly wanted?: ((client: Client) => boolean) | undefined
}

/**
 * What greylisting did to mail, by the log. A stream: counts in constant memory, triplets up to the limit of verify.
 * Days and hours are of this process's time zone. Throws GreyctlError('log-unreadable').
 */
export async function reportLog(host: Host, options: ReportOptions): Promise<Report> {
  const teller = new StoryTeller(options.limits, options.ownNetworks)
  const calendar = new CalendarTally()
  const whitelist = new WhitelistTally(calendar)
  const { window, until, problems } = await readLog(host, options, (told) => {
    if (!isWanted(told, options.wanted)) return
    teller.add(told)
    whitelist.hear(told)
  })
  const stories = teller.end()
  return buildReport({
    verified: judge({ stories, window, until, readProblems: problems }),
    stories,
    until,
    calendar,
    whitelisted: whitelist.end(),
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    top: options.top,
  })
}

function isWanted({ event }: Told, wanted: ReportOptions['wanted']): boolean {
  return wanted === undefined || !('client' in event) || wanted(event.client)
}

import type { Host } from '../../host/host.js'
import type { Client } from '../event.js'
import { type ReadOptions, readLog } from '../read.js'
import { type StoryLimits, StoryTeller } from '../story.js'
import type { Told } from '../told.js'
import { judge } from '../verdict.js'
import { ReportBuilder } from './build.js'
import type { Report } from './shape.js'

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
 * What greylisting did to mail, by the log. A stream: memory does not grow with the log.
 * Days and hours are of this process's time zone. Throws GreyctlError('log-unreadable').
 */
export async function reportLog(host: Host, options: ReportOptions): Promise<Report> {
  const { wanted, top } = options
  const builder = new ReportBuilder(top)
  const teller = new StoryTeller(options.limits, options.ownNetworks, builder)
  const filtered = (told: Told) => {
    if (!('client' in told.event) || wanted?.(told.event.client)) teller.add(told)
  }
  const { window, until, problems } = await readLog(host, options, wanted ? filtered : teller)
  const stories = teller.end()
  return builder.end({
    verified: judge({ stories, window, until, readProblems: problems }),
    stories,
    until,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  })
}

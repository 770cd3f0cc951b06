import type { Host } from '../host/host.js'
import { type ReadOptions, readLog } from './read.js'
import type { VerifyReport } from './report.js'
import { type StoryLimits, StoryTeller } from './story.js'
import { judge } from './verdict.js'

export interface VerifyOptions extends ReadOptions {
  /** Networks whose mail is not a stranger's: `192.0.2.0/24`, `[2001:db8::]/32`. This host itself always is one. */
  readonly ownNetworks?: readonly string[]
  readonly limits?: StoryLimits
}

/**
 * Does greylisting work, by the evidence of the log? A stream: memory does not grow with the log.
 * Throws GreyctlError('log-unreadable') when a named log, or every log, cannot be read.
 */
export async function verifySources(host: Host, options: VerifyOptions = {}): Promise<VerifyReport> {
  const teller = new StoryTeller(options.limits, options.ownNetworks)
  const { window, until, problems } = await readLog(host, options, teller)
  return judge({ stories: teller.end(), window, until, readProblems: problems })
}

import type { Host } from '../../host/host.js'
import type { Story } from '../../maillog/life.js'
import { LogReader } from '../../maillog/log-reader.js'
import { inOrder } from '../../maillog/order.js'
import type { LogSource } from '../../maillog/sources.js'
import { StoryTeller } from '../../maillog/story.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { locateLogs, TAIL } from './log-sources.js'

/** What became of the mails that were put off, as greyctl verify reads it. */
export interface MailsFact {
  readonly stories: readonly Story[]
  /** Seconds since the epoch up to which retries could have been seen. */
  readonly until: number
}

/** A greylister's memory of a first try is two days; the try itself has to be in the log too. */
const DAYS = 4
/** Files, each from its end. */
const MOST = 4

export async function gatherMails(context: GatherContext<Facts>): Promise<MailsFact> {
  const { host, options } = context
  const named = options.logs.length > 0
  const since = named ? undefined : host.now() - DAYS * 86_400
  const found = await locateLogs(context, since)
  const sources = (named ? found : found.slice(-MOST)).map((source) => fromItsEnd(host, source))
  const teller = new StoryTeller()
  const reader = new LogReader(teller, since)
  for (const dated of await inOrder(sources)) await reader.read(dated)
  const now = host.now()
  return { stories: teller.end().lives, until: named ? (reader.window.to ?? now) : now }
}

/** The same log, cut where it is long. */
function fromItsEnd(host: Host, source: LogSource): LogSource {
  const { size, parts: _, ...rest } = source
  if (size === undefined || size <= TAIL) return source
  return {
    ...rest,
    async *open() {
      const bytes = await host.tail(source.name, TAIL)
      if (bytes !== undefined) yield bytes.subarray(bytes.indexOf(10) + 1)
    },
  }
}

import type { Host } from '../../host/host.js'
import type { Story } from '../../maillog/life.js'
import { LogReader } from '../../maillog/log-reader.js'
import { type Dated, inOrder } from '../../maillog/order.js'
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
  const sources = named ? found : found.slice(-MOST)
  const dated = await inOrder(sources.map((source) => fromItsEnd(host, source)))
  const teller = new StoryTeller()
  const reader = new LogReader(teller, since)
  const cut = new Set(sources.filter(isCut).map(({ name }) => name))
  for (const each of unbroken(dated, cut)) await reader.read(each)
  const now = host.now()
  return { stories: teller.end().lives, until: named ? (reader.window.to ?? now) : now }
}

/** From the last that was cut on: a first try before the gap would have lost the retry that stands in it. */
function unbroken(dated: readonly Dated[], cut: ReadonlySet<string>): readonly Dated[] {
  const last = dated.findLastIndex(({ source }) => !source.shadow && cut.has(source.name))
  return dated.slice(Math.max(last, 0))
}

function isCut({ size }: LogSource): boolean {
  return size !== undefined && size > TAIL
}

/** The same log, cut where it is long. */
function fromItsEnd(host: Host, source: LogSource): LogSource {
  const { size: _, parts: __, ...rest } = source
  if (!isCut(source)) return source
  return {
    ...rest,
    async *open() {
      const bytes = await host.tail(source.name, TAIL)
      if (bytes !== undefined) yield bytes.subarray(bytes.indexOf(10) + 1)
    },
  }
}

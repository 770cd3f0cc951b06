import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { locateLogs, readTail } from './log-sources.js'
import { lastRead } from './processes.js'
import { type LogFact, SignReader } from './sign-reader.js'

const DAY = 86_400

export async function gatherLog(context: GatherContext<Facts>): Promise<LogFact> {
  const { host, options } = context
  const named = options.logs.length > 0
  const since = named ? undefined : host.now() - DAY
  const sources = await locateLogs(context, since)
  const processes = named ? undefined : await context.want('processes')
  const reader = new SignReader(named, processes && lastRead(processes)?.started)
  let complete = true
  for (const source of named ? sources : sources.slice(-3)) {
    const { lines, whole } = await readTail(context, source)
    complete &&= whole
    reader.read(source, lines)
  }
  return reader.end(
    sources.map(({ name }) => name),
    complete,
  )
}

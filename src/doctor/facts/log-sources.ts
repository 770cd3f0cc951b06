import { GreyctlError } from '../../errors.js'
import { findSources, type LogSource } from '../../maillog/sources.js'
import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** Bytes of a file that are read: about a hundred thousand lines. */
export const TAIL = 16 * 1024 * 1024
const JOURNAL_LINES = 20_000
const PACKED = /\.(gz|xz|zst|bz2)$/

/** The logs of this host that were written since then, or those that were named. Packed ones are left out unless named. */
export async function locateLogs(
  { host, options }: GatherContext<Facts>,
  since: number | undefined,
): Promise<readonly LogSource[]> {
  try {
    const sources = await findSources(host, {
      files: options.logs,
      journal: false,
      since,
      journalLines: JOURNAL_LINES,
      configDir: options.configDir,
    })
    return sources.filter(({ name }) => options.logs.length > 0 || !PACKED.test(name))
  } catch (error) {
    throw new Unknown(
      error instanceof GreyctlError && error.where
        ? `${error.where}: ${error.message}`
        : String((error as Error).message),
    )
  }
}

/** The lines at the end of a log, and whether these are all. */
export async function readTail(
  { host }: GatherContext<Facts>,
  source: LogSource,
): Promise<{ lines: readonly string[]; whole: boolean }> {
  if (source.again && !PACKED.test(source.name)) {
    const bytes = (await host.tail(source.name, TAIL)) ?? Buffer.alloc(0)
    const lines = bytes.toString('utf8').split('\n')
    const whole = bytes.length < TAIL
    return { lines: whole ? lines : lines.slice(1), whole }
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of source.open()) {
    chunks.push(chunk)
    size += chunk.length
    if (size > 4 * TAIL) break
  }
  const lines = Buffer.concat(chunks).toString('utf8').split('\n')
  return { lines, whole: size <= 4 * TAIL && lines.length < JOURNAL_LINES }
}

import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'
import { lastRead } from './processes.js'

/** When Postfix last read its configuration; null when it does not run. */
export interface Reread {
  /** Seconds since the epoch. */
  readonly at: number
  /** "started", "was reloaded". */
  readonly how: string
  readonly evidence: Evidence
}

/** By its processes, or by the last reload of which the log tells, whichever is later. */
export async function gatherReread({ need, want }: GatherContext<Facts>): Promise<Reread | null> {
  const process = lastRead(await need('processes'))
  if (process === undefined) return null
  const { name, pid, command, started } = process
  const how = name === 'qmgr' ? 'was started or reloaded' : 'started'
  const evidence = { ref: `process ${pid}`, text: command.join(' ') }
  const reload = (await want('log'))?.reload
  if (reload === undefined || reload.at <= started) return { at: started, how, evidence }
  return { at: reload.at, how: 'was reloaded', evidence: reload.evidence }
}

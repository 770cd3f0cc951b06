import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'

/** When Postfix last read its configuration, as far as that can be told; null when it does not run. */
export interface Reread {
  /** Seconds since the epoch. */
  readonly at: number
  /** "started", "was reloaded". */
  readonly how: string
  readonly evidence: Evidence
}

/**
 * The start of the master process, or the last reload of which the log tells, whichever is later. After a reload
 * every smtpd is a new process.
 */
export async function gatherReread({ need, want }: GatherContext<Facts>): Promise<Reread | null> {
  const master = (await need('processes')).find(({ name }) => name === 'master')
  if (master === undefined) return null
  const started = {
    at: master.started,
    how: 'started',
    evidence: { ref: `process ${master.pid}`, text: master.command.join(' ') },
  }
  const log = await want('log')
  const reload = log?.reload
  if (log === undefined || (reload === undefined && !log.complete))
    throw new Error('the log does not say when Postfix was last reloaded')
  if (reload === undefined || reload.at <= started.at) return started
  return { at: reload.at, how: 'was reloaded', evidence: reload.evidence }
}

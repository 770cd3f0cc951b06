import type { DaemonFact } from '../daemon-fact.js'
import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** null: greyctl's daemon is not set up here. */
export async function gatherDaemon({ options }: GatherContext<Facts>): Promise<DaemonFact | null> {
  if (options.daemon === undefined) throw new Unknown('nobody read the settings of the daemon')
  return options.daemon()
}

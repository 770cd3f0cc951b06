import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { assertLive } from './settings.js'

/** What keeps this machine's clock, as timedatectl(1) says. */
export interface TimeService {
  /** undefined: there is no timedatectl, or it gives no answer. */
  readonly synchronized: boolean | undefined
}

export async function gatherTimeService({ host }: GatherContext<Facts>): Promise<TimeService> {
  assertLive(host.root)
  const { exitCode, stdout } = await host.run(['timedatectl', 'show', '-p', 'NTPSynchronized', '--value'], {
    timeout: 2,
  })
  const said = stdout.trim()
  return { synchronized: exitCode === 0 && /^(yes|no)$/.test(said) ? said === 'yes' : undefined }
}

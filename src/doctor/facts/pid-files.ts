import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { assertLive } from './settings.js'

/** A pid file of a greylister. */
export interface PidFile {
  readonly path: string
  readonly owner: string
  /** NaN when there is no number in it. */
  readonly pid: number
  /** What runs under that number; undefined when nothing does. */
  readonly command: string | undefined
}

const PLACES: readonly (readonly [string, string])[] = [
  ['/run/greyctl.pid', 'greyctl'],
  ['/run/postgrey.pid', 'postgrey'],
  ['/run/postgrey/postgrey.pid', 'postgrey'],
  ['/run/sqlgrey.pid', 'sqlgrey'],
  ['/run/sqlgrey/sqlgrey.pid', 'sqlgrey'],
]

export async function gatherPidFiles({ host }: GatherContext<Facts>): Promise<readonly PidFile[]> {
  assertLive(host.root)
  const files = await Promise.all(
    PLACES.map(async ([path, owner]): Promise<PidFile | undefined> => {
      const text = (await host.read(path))?.toString('latin1')
      if (text === undefined) return undefined
      const pid = /^\s*(\d+)\s*$/.exec(text) ? Number(text) : Number.NaN
      const words = Number.isNaN(pid) ? undefined : await host.read(`/proc/${pid}/cmdline`)
      return { path, owner, pid, command: words?.toString('latin1').replace(/\0+/g, ' ').trim() }
    }),
  )
  return files.filter((file) => file !== undefined)
}

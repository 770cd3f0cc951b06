import { type FoundManager, findManager, MANAGER_PATHS } from '../../postfix/managers.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** What kind of machine this is. */
export interface PlatformFact {
  readonly systemd: boolean
  /** How it is known to be a container; undefined otherwise. */
  readonly container: string | undefined
  /** A program that writes main.cf again; undefined when nothing tells of one. */
  readonly manager: FoundManager | undefined
}

const CONTAINER_SIGNS = ['/.dockerenv', '/run/.containerenv']

export async function gatherPlatform({ host, want }: GatherContext<Facts>): Promise<PlatformFact> {
  const looked = ['/run/systemd/system', ...CONTAINER_SIGNS, ...MANAGER_PATHS]
  const there = await Promise.all(
    looked.map(async (path) => (await host.stat(path).catch(() => undefined)) !== undefined),
  )
  const present = new Set(looked.filter((_, at) => there[at]))
  const main = await want('mainCf')
  return {
    systemd: present.has('/run/systemd/system'),
    container: CONTAINER_SIGNS.find((path) => present.has(path)),
    manager: findManager(main?.text ?? '', present),
  }
}

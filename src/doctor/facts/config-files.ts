import { join } from 'node:path'
import type { FileStat } from '../../host/host.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** A file directly below the configuration directory. */
export interface ConfigFile {
  readonly path: string
  readonly stat: FileStat
}

/** `postfix check` looks at every file there. */
export async function gatherConfigFiles({
  host,
  options,
}: GatherContext<Facts>): Promise<readonly ConfigFile[]> {
  const names = (await host.list(options.configDir)) ?? []
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(options.configDir, name)
      return { path, stat: await host.stat(path).catch(() => undefined) }
    }),
  )
  return files.flatMap(({ path, stat }) => (stat?.kind === 'file' ? [{ path, stat }] : []))
}

import { join } from 'node:path'
import type { Host } from '../host/host.js'
import { expandParameters } from '../postfix/expand.js'
import { parseMainCf } from '../postfix/main-cf.js'
import { listWords } from '../postfix/restriction-list.js'

/**
 * The networks of mynetworks that main.cf writes out, tables left out: what a log reader needs to tell own clients
 * from strangers. Empty when main.cf cannot be read, or leaves it to mynetworks_style. Runs nothing.
 */
export async function ownNetworks(host: Host, configDir: string): Promise<readonly string[]> {
  const path = join(configDir, 'main.cf')
  const content = await host.read(path).catch(() => undefined)
  if (content === undefined) return []
  const cf = parseMainCf(content.toString('latin1'), path)
  return listWords(expandParameters(cf, cf.get('mynetworks')?.value ?? ''))
    .map((word) => word.replace(/^\[([^\]]+)\]/, '$1'))
    .filter((word) => /^[0-9a-fA-F.:]+(?:\/\d+)?$/.test(word))
}

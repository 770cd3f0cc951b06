import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { readTextFile, type TextFile } from './text-file.js'

export interface Whitelist extends TextFile {
  readonly owner: 'greyctl' | 'postgrey'
}

const FILES: readonly (readonly [Whitelist['owner'], string])[] = [
  ['greyctl', '/etc/greyctl/whitelist_clients'],
  ['greyctl', '/etc/greyctl/whitelist_clients.local'],
  ['postgrey', '/etc/postgrey/whitelist_clients'],
  ['postgrey', '/etc/postgrey/whitelist_clients.local'],
]

export async function gatherWhitelists({ host }: GatherContext<Facts>): Promise<readonly Whitelist[]> {
  const files = await Promise.all(
    FILES.map(async ([owner, path]) => {
      const file = await readTextFile(host, path)
      return file && { ...file, owner }
    }),
  )
  return files.filter((file) => file !== undefined)
}

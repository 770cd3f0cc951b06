import type { FileStat } from '../../host/host.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** A directory that must be writable and have room: a greylister's database, or Postfix's queue. */
export interface StorePlace {
  readonly owner: 'greyctl' | 'postgrey' | 'sqlgrey' | 'postfix'
  readonly path: string
  readonly stat: FileStat
  readonly files: readonly { readonly path: string; readonly stat: FileStat }[]
  /** Bytes. */
  readonly free: number
  readonly freeInodes: number | undefined
}

const PLACES: readonly (readonly [StorePlace['owner'], string])[] = [
  ['greyctl', '/var/lib/greyctl/store'],
  ['postgrey', '/var/lib/postgrey'],
  ['sqlgrey', '/var/lib/sqlgrey'],
]

export async function gatherStores({ host, need }: GatherContext<Facts>): Promise<readonly StorePlace[]> {
  const queue = (await need('settings')).get('queue_directory')
  const found = await Promise.all(
    [...PLACES, ['postfix', queue] as const].map(async ([owner, path]): Promise<StorePlace | undefined> => {
      const stat = await host.stat(path)
      if (stat?.kind !== 'directory') return undefined
      const names = owner === 'postfix' ? [] : ((await host.list(path).catch(() => undefined)) ?? [])
      const files = await Promise.all(
        names
          .slice(0, 50)
          .map(async (name) => ({ path: `${path}/${name}`, stat: await host.stat(`${path}/${name}`) })),
      )
      const [free, freeInodes] = await Promise.all([host.freeBytes(path), host.freeInodes(path)])
      const known = files.flatMap(({ path: file, stat: state }) =>
        state?.kind === 'file' ? [{ path: file, stat: state }] : [],
      )
      return { owner, path, stat, files: known, free, freeInodes }
    }),
  )
  return found.filter((place) => place !== undefined)
}

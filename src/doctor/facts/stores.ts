import type { FileStat, Host } from '../../host/host.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { damageOf, HEAD } from './database-head.js'

/** A directory that must be writable and have room: a greylister's database, or Postfix's queue. */
export interface StorePlace {
  readonly owner: 'greyctl' | 'postgrey' | 'sqlgrey' | 'postfix'
  readonly path: string
  readonly stat: FileStat
  readonly files: readonly StoreFile[]
  /** Bytes. */
  readonly free: number
  readonly freeInodes: number | undefined
  /** The file system that it lies on, as in `overlay` at `/`; undefined where the kernel does not tell. */
  readonly mount: Mount | undefined
}

export interface StoreFile {
  readonly path: string
  readonly stat: FileStat
  /** What the head of a database says against it. greyctl's daemon looks at its own, and mends it. */
  readonly damage: string | undefined
}

export interface Mount {
  readonly point: string
  readonly type: string
}

const PLACES: readonly (readonly [StorePlace['owner'], string])[] = [
  ['greyctl', '/var/lib/greyctl/store'],
  ['postgrey', '/var/lib/postgrey'],
  ['sqlgrey', '/var/lib/sqlgrey'],
]

export async function gatherStores({ host, need }: GatherContext<Facts>): Promise<readonly StorePlace[]> {
  const queue = (await need('settings')).get('queue_directory')
  const mounts =
    host.root === '/' ? readMounts((await host.read('/proc/self/mountinfo')) ?? Buffer.alloc(0)) : []
  const found = await Promise.all(
    [...PLACES, ['postfix', queue] as const].map(async ([owner, path]): Promise<StorePlace | undefined> => {
      const stat = await host.stat(path)
      if (stat?.kind !== 'directory') return undefined
      const names = owner === 'postfix' ? [] : ((await host.list(path).catch(() => undefined)) ?? [])
      const files = await Promise.all(names.slice(0, 50).map((name) => readFile(host, `${path}/${name}`)))
      const [free, freeInodes] = await Promise.all([host.freeBytes(path), host.freeInodes(path)])
      const known = files.filter((file) => file !== undefined)
      return { owner, path, stat, files: known, free, freeInodes, mount: mountOf(path, mounts) }
    }),
  )
  return found.filter((place) => place !== undefined)
}

async function readFile(host: Host, path: string): Promise<StoreFile | undefined> {
  const stat = await host.stat(path)
  if (stat?.kind !== 'file') return undefined
  const damage = /\/postgrey[^/]*\.db$/.test(path) ? damageOf(await headOf(host, path)) : undefined
  return { path, stat, damage }
}

/** Empty where it cannot be read. */
async function headOf(host: Host, path: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of host.stream(path, { parts: [{ from: 0, length: HEAD }] }))
      chunks.push(Buffer.from(chunk))
  } catch {
    return Buffer.alloc(0)
  }
  return Buffer.concat(chunks)
}

/** proc(5), mountinfo: the mount point is the fifth field, the type the first behind ` - `. */
function readMounts(bytes: Buffer): readonly Mount[] {
  return bytes
    .toString('latin1')
    .split('\n')
    .flatMap((line) => {
      const [fields = '', rest = ''] = line.split(' - ')
      const point = fields.split(' ')[4]
      const type = rest.split(' ')[0]
      return point && type ? [{ point: point.replace(/\\040/g, ' '), type }] : []
    })
}

/** The longest mount point above a path; of two at one place the later one. */
function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  const above = mounts.filter(({ point }) => point === '/' || path === point || path.startsWith(`${point}/`))
  return above.reduce<Mount | undefined>(
    (best, mount) => (best === undefined || mount.point.length >= best.point.length ? mount : best),
    undefined,
  )
}

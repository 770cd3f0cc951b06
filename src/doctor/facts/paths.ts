import type { FileStat, Host } from '../../host/host.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** A socket file as Postfix meets it: the way to it, and itself. */
export interface SocketPath {
  readonly path: string
  /** From the first directory down to the parent. */
  readonly parents: readonly { readonly path: string; readonly stat: FileStat | undefined }[]
  readonly stat: FileStat | undefined
}

/** The user that smtpd runs as, with its groups. */
export interface MailOwner {
  readonly name: string
  readonly uid: number
  readonly groups: readonly number[]
}

/** For each unix endpoint that the configuration asks. */
export async function gatherSocketPaths({
  host,
  need,
}: GatherContext<Facts>): Promise<readonly SocketPath[]> {
  const uses = await need('policyUses')
  const paths = new Set(uses.map(({ endpoint }) => endpoint.path).filter((path) => path !== ''))
  return Promise.all([...paths].map((path) => walk(host, path)))
}

async function walk(host: Host, path: string): Promise<SocketPath> {
  const parts = path.split('/').filter(Boolean).slice(0, -1)
  const directories = ['/', ...parts.map((_, at) => `/${parts.slice(0, at + 1).join('/')}`)]
  const parents = await Promise.all(
    directories.map(async (directory) => ({ path: directory, stat: await host.stat(directory) })),
  )
  return { path, parents, stat: await host.stat(path) }
}

export async function gatherMailOwner({ host, need }: GatherContext<Facts>): Promise<MailOwner> {
  const name = (await need('settings')).get('mail_owner')
  const user = await host.user(name)
  const groups = (await host.read('/etc/group'))?.toString('latin1').split('\n') ?? []
  const more = groups.flatMap((line) => {
    const [, , gid, members = ''] = line.split(':')
    return members.split(',').includes(name) ? [Number(gid)] : []
  })
  return { name, uid: user?.uid ?? Number.NaN, groups: user ? [user.gid, ...more] : more }
}

/** May this user do that (1 search, 2 write, 4 read) there? ACLs and security modules may say otherwise. */
export function allows(stat: FileStat, owner: MailOwner, bit: 1 | 2 | 4): boolean {
  if (owner.uid === 0) return true
  const shift = stat.uid === owner.uid ? 6 : owner.groups.includes(stat.gid) ? 3 : 0
  return ((stat.mode >> shift) & bit) !== 0
}

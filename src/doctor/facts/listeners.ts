import type { Host } from '../../host/host.js'
import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { assertLive } from './settings.js'

/** A listening stream socket. */
export interface Listener {
  /** Address without brackets, `*` for any; empty for a socket file. */
  readonly address: string
  readonly port: string
  /** Of a socket file; as the process gave it. */
  readonly path: string
  /** Connections that wait to be accepted, and how many may. */
  readonly waiting: number
  readonly backlog: number
  /** Empty where this user may not see it. */
  readonly process: string
  readonly pid: number | undefined
}

export async function gatherListeners({ host }: GatherContext<Facts>): Promise<readonly Listener[]> {
  assertLive(host.root)
  const [tcp, unix] = await Promise.all([
    host.run(['ss', '-Hltnp'], { timeout: 3 }),
    host.run(['ss', '-Hlxp'], { timeout: 3 }),
  ])
  if (tcp.exitCode === 0) return [...readSs(tcp.stdout), ...readSs(unix.stdout)]
  return readProcNet(host)
}

/** `LISTEN 0 128 127.0.0.1:10023 0.0.0.0:* users:(("node",pid=7,fd=3))` or `u_str LISTEN 0 100 /run/x 123 * 0 users:…`. */
function readSs(text: string): Listener[] {
  return text.split('\n').flatMap((line): Listener[] => {
    const user = /users:\(\("([^"]*)",pid=(\d+)/.exec(line)
    const found = { process: user?.[1] ?? '', pid: user ? Number(user[2]) : undefined }
    const fields = line.trim().split(/\s+/)
    const at = fields.indexOf('LISTEN')
    if (at < 0) return []
    const [waiting, backlog] = [Number(fields[at + 1]), Number(fields[at + 2])]
    const local = fields[at + 3] ?? ''
    if (at > 0) return [{ address: '', port: '', path: local, waiting, backlog, ...found }]
    const colon = local.lastIndexOf(':')
    const address = local
      .slice(0, colon)
      .replace(/^\[|\]$/g, '')
      .replace(/%.*$/, '')
    return [{ address, port: local.slice(colon + 1), path: '', waiting, backlog, ...found }]
  })
}

/** Without ss (iproute2): the kernel's own tables, which do not name the process. */
async function readProcNet(host: Host): Promise<readonly Listener[]> {
  const [four, six, unix] = await Promise.all(['tcp', 'tcp6', 'unix'].map((name) => readProc(host, name)))
  if (four === undefined) throw new Unknown('neither ss nor /proc/net/tcp tells who listens')
  const nameless = { waiting: 0, backlog: 0, process: '', pid: undefined }
  const tcp = [...four, ...(six ?? [])].flatMap((fields): Listener[] => {
    const [address = '', port = ''] = (fields[1] ?? '').split(':')
    if (fields[3] !== '0A') return []
    return [
      { address: readHexAddress(address), port: String(Number.parseInt(port, 16)), path: '', ...nameless },
    ]
  })
  const files = (unix ?? []).flatMap((fields): Listener[] =>
    fields[3] === '00010000' && fields[7] ? [{ address: '', port: '', path: fields[7], ...nameless }] : [],
  )
  return [...tcp, ...files]
}

async function readProc(host: Host, name: string): Promise<string[][] | undefined> {
  const text = (await host.read(`/proc/net/${name}`))?.toString('latin1')
  return text
    ?.split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
}

/** Words of four bytes, least significant first. */
function readHexAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) =>
    (word.match(/../g) ?? []).reverse().map((byte) => Number.parseInt(byte, 16)),
  )
  if (bytes.every((byte) => byte === 0)) return bytes.length === 4 ? '0.0.0.0' : '::'
  if (bytes.length === 4) return bytes.join('.')
  if (bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1) return '::1'
  const groups = Array.from({ length: 8 }, (_, at) =>
    ((bytes[2 * at] ?? 0) * 256 + (bytes[2 * at + 1] ?? 0)).toString(16),
  )
  return groups.join(':')
}

import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { assertLive } from './settings.js'

export type GreylisterName =
  | 'greyctl'
  | 'postgrey'
  | 'sqlgrey'
  | 'rspamd'
  | 'milter-greylist'
  | 'gld'
  | 'policyd'

/** A process that matters here. */
export interface Process {
  readonly pid: number
  readonly name: GreylisterName | 'master' | 'qmgr'
  /** Its words; postgrey writes its whole command line over them. */
  readonly command: readonly string[]
  /** Seconds since the epoch. */
  readonly started: number
  readonly parent: number
}

export async function gatherProcesses({ host }: GatherContext<Facts>): Promise<readonly Process[]> {
  assertLive(host.root)
  const pids = ((await host.list('/proc')) ?? []).filter((name) => /^\d+$/.test(name))
  const boot = await bootTime(host)
  const all = await Promise.all(
    pids.map((pid) => readProcess(host, Number(pid), boot).catch(() => undefined)),
  )
  return all.filter((process) => process !== undefined)
}

async function readProcess(
  host: GatherContext<Facts>['host'],
  pid: number,
  boot: number,
): Promise<Process | undefined> {
  const command = (await host.read(`/proc/${pid}/cmdline`))?.toString('latin1').split(/\0+/).filter(Boolean)
  if (command === undefined || command.length === 0) return undefined
  const name = nameOf(command)
  if (name === undefined) return undefined
  const stat = (await host.read(`/proc/${pid}/stat`))?.toString('latin1') ?? ''
  // proc(5): the name in parentheses may hold anything; state is the third field, the start time the twenty-second
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { pid, name, command, parent: Number(fields[1]), started: boot + Number(fields[19]) / 100 }
}

async function bootTime(host: GatherContext<Facts>['host']): Promise<number> {
  const text = (await host.read('/proc/stat'))?.toString('latin1') ?? ''
  return Number(/^btime (\d+)/m.exec(text)?.[1] ?? 0)
}

/** A process of some greylister, not of Postfix. */
export function isGreylister({ name }: Process): boolean {
  return name !== 'master' && name !== 'qmgr'
}

/**
 * When Postfix last read its configuration, by its processes: master reads it when it starts, and a reload starts a
 * new queue manager. Seconds since the epoch, a second more or less; undefined when it does not run.
 */
export function lastRead(processes: readonly Process[]): Process | undefined {
  const master = processes.find(({ name }) => name === 'master')
  const queue = processes.find(({ name, parent }) => name === 'qmgr' && parent === master?.pid)
  return queue ?? master
}

const SHELLS = /^(sh|bash|dash|su|sudo|grep|tail|less|vi|vim|nano|journalctl|systemctl|man)$/

function nameOf(command: readonly string[]): Process['name'] | undefined {
  const words = command.join(' ').split(' ')
  const [first = '', second = ''] = words.map((word) => word.replace(/^.*\//, ''))
  if (SHELLS.test(first)) return undefined
  if (/\/postfix\/(sbin\/)?master$/.test(words[0] ?? '')) return 'master'
  if (first === 'qmgr') return 'qmgr'
  if (words.slice(0, 3).some((word) => /\/dist\/daemon\/main\.js$/.test(word))) return 'greyctl'
  const program = /^(perl\d*(\.\d+)*|python[\d.]*|node)$/.test(first) ? second : first
  if (/^postgrey$/.test(program)) return 'postgrey'
  if (/^sqlgrey$/.test(program)) return 'sqlgrey'
  if (/^rspamd:?$/.test(program)) return 'rspamd'
  if (/^milter-greylist$/.test(program)) return 'milter-greylist'
  return /^gld$/.test(program) ? 'gld' : undefined
}

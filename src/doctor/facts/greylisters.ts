import type { Host } from '../../host/host.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'
import { lineOf, readTextFile } from './text-file.js'

/** A greylister that is set up on this machine, by its file of options. */
export interface Greylister {
  readonly name: 'greyctl' | 'postgrey'
  readonly options: readonly string[]
  /** The value as written. */
  readonly written: string
  /** The line of /etc/default/NAME. */
  readonly where: Evidence
  /** Where it is told to listen; the port empty for a socket. */
  readonly host: string
  readonly port: string
  readonly path: string
  readonly initScript: boolean
  readonly unitFile: boolean
}

const VARIABLES = { greyctl: 'GREYCTL_OPTS', postgrey: 'POSTGREY_OPTS' } as const

export async function gatherGreylisters({ host }: GatherContext<Facts>): Promise<readonly Greylister[]> {
  const found = await Promise.all(
    (['greyctl', 'postgrey'] as const).map((name) => readGreylister(host, name)),
  )
  return found.filter((each) => each !== undefined)
}

async function readGreylister(host: Host, name: Greylister['name']): Promise<Greylister | undefined> {
  const file = await readTextFile(host, `/etc/default/${name}`)
  if (file === undefined) return undefined
  const lines = file.text.split('\n')
  const assignment = new RegExp(`^\\s*${VARIABLES[name]}=`)
  const line = lines.findLastIndex((each) => assignment.test(each))
  const written = /=(["']?)(.*?)\1\s*(?:#.*)?$/.exec(lines[line] ?? '')?.[2] ?? ''
  const options = written.split(/\s+/).filter(Boolean)
  const value = (option: string) =>
    options.find((word) => word.startsWith(`--${option}=`))?.slice(option.length + 3)
  const inet = /^(?:\[?(.*?)\]?:)?(\d+)$/.exec(value('inet') ?? '')
  const there = async (path: string) => (await host.stat(path)) !== undefined
  const [initScript, ...units] = await Promise.all(
    [`/etc/init.d/${name}`, `/etc/systemd/system/${name}.service`, `/lib/systemd/system/${name}.service`].map(
      there,
    ),
  )
  return {
    name,
    options,
    written,
    where: lineOf(file, line + 1),
    host: inet ? (inet[1] ?? 'localhost') : '',
    port: inet?.[2] ?? '',
    path: value('unix') ?? '',
    initScript: initScript ?? false,
    unitFile: units.includes(true),
  }
}

import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { assertLive } from './settings.js'

/** A unit as `systemctl show` has it. Only units that systemd has heard of. */
export interface Unit {
  readonly name: string
  /** loaded, masked, not-found, bad-setting, error. */
  readonly load: string
  /** active, inactive, failed, activating, … */
  readonly active: string
  readonly sub: string
  /** enabled, disabled, masked, static, … */
  readonly file: string
  readonly restarts: number
  /** success, exit-code, signal, start-limit-hit, timeout, … */
  readonly result: string
  readonly mainPid: number
  readonly exitStatus: number
  /** The program of ExecStart. */
  readonly program: string
  /** Whether that program is there. */
  readonly programThere: boolean
  readonly needsReload: boolean
}

const UNITS = [
  'greyctl.service',
  'greyctl.socket',
  'postgrey.service',
  'sqlgrey.service',
  'rspamd.service',
  'postfix.service',
  'postfix@-.service',
  'fail2ban.service',
  'rsyslog.service',
]

const PROPERTIES =
  'Id,LoadState,ActiveState,SubState,UnitFileState,NRestarts,Result,MainPID,ExecMainStatus,ExecStart,NeedDaemonReload'

/** Empty on a machine without systemd. */
export async function gatherUnits({ host }: GatherContext<Facts>): Promise<readonly Unit[]> {
  assertLive(host.root)
  if ((await host.stat('/run/systemd/system')) === undefined) return []
  const result = await host.run(['systemctl', 'show', '-p', PROPERTIES, ...UNITS], { timeout: 4 })
  if (result.exitCode !== 0) {
    throw new Unknown(`systemctl failed: ${result.failure ?? result.stderr.trim().split('\n').at(-1)}`)
  }
  const units = result.stdout
    .split('\n\n')
    .map(readUnit)
    .filter(({ load }) => load !== 'not-found' && load !== '')
  return Promise.all(
    units.map(async (unit) => ({
      ...unit,
      // a name alone is looked for in systemd's own path
      programThere: !unit.program.startsWith('/') || (await host.stat(unit.program)) !== undefined,
    })),
  )
}

function readUnit(block: string): Omit<Unit, 'programThere'> {
  const values = new Map(
    block.split('\n').map((line) => {
      const equals = line.indexOf('=')
      return [line.slice(0, equals), line.slice(equals + 1)] as const
    }),
  )
  const value = (name: string) => values.get(name) ?? ''
  return {
    name: value('Id'),
    load: value('LoadState'),
    active: value('ActiveState'),
    sub: value('SubState'),
    file: value('UnitFileState'),
    restarts: Number(value('NRestarts')) || 0,
    result: value('Result'),
    mainPid: Number(value('MainPID')) || 0,
    exitStatus: Number(value('ExecMainStatus')) || 0,
    program: /path=(\S+)/.exec(value('ExecStart'))?.[1] ?? '',
    needsReload: value('NeedDaemonReload') === 'yes',
  }
}

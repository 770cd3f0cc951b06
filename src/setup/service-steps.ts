import type { RunStep, Step } from '../change/plan.js'
import { ACCOUNT_TOOLS, type AccountTools } from './accounts.js'
import { idOf, type PostfixInstance, type PostfixInstances } from './instance.js'
import { SERVICE_UNIT, SOCKET_UNIT, STORE_DIR, USER } from './names.js'
import { type InitSystem, SERVICE_MANAGERS, type ServiceState } from './service-manager.js'

/** A step that does nothing when applied; its undo runs once everything after it has been put back. */
export function whenRolledBack(
  id: string,
  title: string,
  undo: readonly string[],
  accept?: readonly number[],
): RunStep {
  return { kind: 'run', id, title, argv: [], undo, ...(accept ? { accept } : {}) }
}

/** A unit that failed stays known to systemd after its file is gone, until this. It exits 1 when there is none. */
const RESET_FAILED = ['systemctl', 'reset-failed', SOCKET_UNIT, SERVICE_UNIT]

function forgetFailures(): RunStep {
  return whenRolledBack('failures-back', 'let systemd forget failures', RESET_FAILED, [1])
}

/** systemd's start of a simple service succeeds as soon as there is a process: a second later it says more. */
function staysUp(): RunStep {
  return {
    kind: 'run',
    id: 'check-service',
    title: 'see that the daemon stays up',
    argv: ['sh', '-c', `sleep 1; exec systemctl is-active --quiet ${SERVICE_UNIT}`],
    hint: 'journalctl -u greyctl -n 20 says why the daemon ended',
  }
}

export function createUserStep(accounts: AccountTools): RunStep {
  const { create, remove, gone } = ACCOUNT_TOOLS[accounts]
  return {
    kind: 'run',
    id: 'create-user',
    title: `create the system user ${USER}, as which the daemon runs`,
    argv: create(USER),
    undo: remove(USER),
    // a rollback that was itself interrupted has removed it already
    accept: gone,
  }
}

/** A first install that is rolled back leaves no store behind either; it holds nothing but probes then. */
export function dropStoreBack(): RunStep {
  return whenRolledBack('store-back', 'remove the new store', ['rm', '-rf', '--', STORE_DIR])
}

export function removeUserStep(accounts: AccountTools, ids: { uid: number; gid: number }): RunStep {
  const { create, remove, gone, there } = ACCOUNT_TOOLS[accounts]
  return {
    kind: 'run',
    id: 'remove-user',
    title: `remove the system user ${USER}`,
    argv: remove(USER),
    undo: create(USER, ids.uid),
    accept: [...gone, ...there],
  }
}

/**
 * One after the other: systemd refuses to bind a socket whose service still runs, and a restart of both at once is a race
 * between the two (seen with systemd 257).
 */
const RESTART_WITH_SOCKET = [
  'sh',
  '-c',
  `systemctl stop ${SOCKET_UNIT} ${SERVICE_UNIT} && exec systemctl start ${SOCKET_UNIT} ${SERVICE_UNIT}`,
]

/** Before the files of the service change: what has to run after they have been put back. */
export function beforeServiceFiles(init: InitSystem, wasRunning: boolean): readonly Step[] {
  if (init !== 'systemd') {
    const restart = SERVICE_MANAGERS[init].restart('greyctl')
    return wasRunning ? [whenRolledBack('restart-back', 'start the daemon as it was', restart)] : []
  }
  const restart = whenRolledBack('restart-back', 'start the daemon as it was', RESTART_WITH_SOCKET)
  return [
    ...(wasRunning ? [restart] : []),
    forgetFailures(),
    whenRolledBack('units-back', 'let systemd read the units as they were', ['systemctl', 'daemon-reload']),
  ]
}

/** Which of the service's files change. A changed socket is bound anew; otherwise it stays and refuses nobody. */
export interface ServiceChange {
  readonly files: boolean
  readonly socket: boolean
}

/** After the files are in place: enable and start, or restart a daemon whose files changed. */
export function startService(init: InitSystem, was: ServiceState, change: ServiceChange): readonly Step[] {
  if (init !== 'systemd') return startInit(init, was, change.files)
  const steps: Step[] = []
  if (change.files) {
    steps.push({
      kind: 'run',
      id: 'read-units',
      title: 'let systemd read the units',
      argv: ['systemctl', 'daemon-reload'],
    })
  }
  if (!was.enabled) {
    steps.push({
      kind: 'run',
      id: 'enable-service',
      title: 'enable the daemon at boot',
      argv: ['systemctl', '--quiet', 'enable', SOCKET_UNIT, SERVICE_UNIT],
      undo: ['systemctl', '--quiet', 'disable', SOCKET_UNIT, SERVICE_UNIT],
    })
  }
  if (!was.running) {
    steps.push({
      kind: 'run',
      id: 'start-service',
      title: 'start the daemon',
      argv: ['systemctl', 'start', SOCKET_UNIT, SERVICE_UNIT],
      undo: ['systemctl', 'stop', SERVICE_UNIT, SOCKET_UNIT],
    })
  } else if (change.files) {
    steps.push({
      kind: 'run',
      id: 'restart-service',
      title: 'restart the daemon with its new options',
      argv: change.socket ? RESTART_WITH_SOCKET : SERVICE_MANAGERS.systemd.restart('greyctl'),
    })
  }
  if (!was.running || change.files) steps.push(staysUp())
  return steps
}

function startInit(init: 'openrc' | 'sysv', was: ServiceState, changed: boolean): readonly Step[] {
  const manager = SERVICE_MANAGERS[init]
  const steps: Step[] = []
  if (!was.enabled) {
    steps.push({
      kind: 'run',
      id: 'enable-service',
      title: 'enable the daemon at boot',
      argv: manager.enable('greyctl'),
      undo: manager.forget('greyctl'),
    })
  }
  if (!was.running) {
    steps.push({
      kind: 'run',
      id: 'start-service',
      title: 'start the daemon',
      argv: manager.start('greyctl'),
      undo: manager.stop('greyctl'),
    })
  } else if (changed) {
    steps.push({
      kind: 'run',
      id: 'restart-service',
      title: 'restart the daemon with its new options',
      argv: manager.restart('greyctl'),
    })
  }
  return steps
}

/** After the units are gone. */
export function forgetUnits(): readonly Step[] {
  return [
    {
      kind: 'run',
      id: 'units-gone',
      title: 'let systemd forget the units',
      argv: ['systemctl', 'daemon-reload'],
    },
    {
      kind: 'run',
      id: 'failures-gone',
      title: 'let systemd forget failures',
      argv: RESET_FAILED,
      accept: [1],
    },
  ]
}

/** The units of systemd go together. */
const WITH_SOCKET = {
  stop: ['systemctl', 'stop', SERVICE_UNIT, SOCKET_UNIT],
  start: ['systemctl', 'start', SOCKET_UNIT, SERVICE_UNIT],
  disable: ['systemctl', '--quiet', 'disable', SOCKET_UNIT, SERVICE_UNIT],
  enable: ['systemctl', '--quiet', 'enable', SOCKET_UNIT, SERVICE_UNIT],
}

function commands(init: 'openrc' | 'sysv') {
  const { stop, start, forget, enable } = SERVICE_MANAGERS[init]
  return {
    stop: stop('greyctl'),
    start: start('greyctl'),
    disable: forget('greyctl'),
    enable: enable('greyctl'),
  }
}

/** Uninstall: stop and disable, while the files are still there. */
export function stopService(init: InitSystem, was: ServiceState): readonly Step[] {
  const { stop, start, disable, enable } = init === 'systemd' ? WITH_SOCKET : commands(init)
  return [
    {
      kind: 'run',
      id: 'stop-service',
      title: 'stop the daemon',
      argv: stop,
      ...(was.running ? { undo: start } : {}),
    },
    {
      kind: 'run',
      id: 'disable-service',
      title: 'take the daemon out of the boot sequence',
      argv: disable,
      ...(was.enabled ? { undo: enable } : {}),
    },
  ]
}

export function reloadPostfixSteps(
  all: PostfixInstances,
  instance: PostfixInstance,
): { before: RunStep; after: RunStep } {
  const { configDir } = instance
  const reload = ['postfix', '-c', configDir, 'reload']
  const where = all.others.length > 0 ? ` (${configDir})` : ''
  const id = (name: string) => idOf(name, all, instance)
  return {
    before: whenRolledBack(id('reload-back'), `let Postfix read main.cf as it was${where}`, reload, [1]),
    after: { kind: 'run', id: id('reload-postfix'), title: `reload Postfix${where}`, argv: reload },
  }
}

import type { RunStep, Step } from '../change/plan.js'
import { INIT_SCRIPT, SERVICE_UNIT, SOCKET_UNIT, STORE_DIR, USER } from './names.js'
import type { InitSystem, ServiceState } from './service-manager.js'

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

export function createUserStep(): RunStep {
  return {
    kind: 'run',
    id: 'create-user',
    title: `create the system user ${USER}, as which the daemon runs`,
    argv: [
      'useradd',
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      USER,
    ],
    undo: ['userdel', USER],
    // userdel: 6 is "no such user", after a rollback that was itself interrupted
    accept: [6],
  }
}

/** A first install that is rolled back leaves no store behind either; it holds nothing but probes then. */
export function dropStoreBack(): RunStep {
  return whenRolledBack('store-back', 'remove the new store', ['rm', '-rf', '--', STORE_DIR])
}

export function removeUserStep(ids: { uid: number; gid: number }): RunStep {
  const create = createUserStep().argv
  return {
    kind: 'run',
    id: 'remove-user',
    title: `remove the system user ${USER}`,
    argv: ['userdel', USER],
    undo: [...create.slice(0, -1), '--uid', String(ids.uid), USER],
    // useradd: 9 is "already there"; userdel: 6 is "no such user"
    accept: [6, 9],
  }
}

/** Before the files of the service change: what has to run after they have been put back. */
export function beforeServiceFiles(init: InitSystem, wasRunning: boolean): readonly Step[] {
  if (init === 'sysv') {
    return wasRunning
      ? [whenRolledBack('restart-back', 'start the daemon as it was', [INIT_SCRIPT, 'restart'])]
      : []
  }
  const restart = whenRolledBack('restart-back', 'start the daemon as it was', [
    'systemctl',
    'restart',
    SOCKET_UNIT,
    SERVICE_UNIT,
  ])
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
  if (init === 'sysv') return startInit(was, change.files)
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
      argv: ['systemctl', 'restart', ...(change.socket ? [SOCKET_UNIT] : []), SERVICE_UNIT],
    })
  }
  if (!was.running || change.files) steps.push(staysUp())
  return steps
}

function startInit(was: ServiceState, changed: boolean): readonly Step[] {
  const steps: Step[] = []
  if (!was.enabled) {
    steps.push({
      kind: 'run',
      id: 'enable-service',
      title: 'enable the daemon at boot',
      argv: ['update-rc.d', 'greyctl', 'defaults'],
      undo: ['update-rc.d', '-f', 'greyctl', 'remove'],
    })
  }
  if (!was.running) {
    steps.push({
      kind: 'run',
      id: 'start-service',
      title: 'start the daemon',
      argv: [INIT_SCRIPT, 'start'],
      undo: [INIT_SCRIPT, 'stop'],
    })
  } else if (changed) {
    steps.push({
      kind: 'run',
      id: 'restart-service',
      title: 'restart the daemon with its new options',
      argv: [INIT_SCRIPT, 'restart'],
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

/** Uninstall: stop and disable, while the files are still there. */
export function stopService(init: InitSystem, was: ServiceState): readonly Step[] {
  const stop = init === 'systemd' ? ['systemctl', 'stop', SERVICE_UNIT, SOCKET_UNIT] : [INIT_SCRIPT, 'stop']
  const start =
    init === 'systemd' ? ['systemctl', 'start', SOCKET_UNIT, SERVICE_UNIT] : [INIT_SCRIPT, 'start']
  const disable =
    init === 'systemd'
      ? ['systemctl', '--quiet', 'disable', SOCKET_UNIT, SERVICE_UNIT]
      : ['update-rc.d', '-f', 'greyctl', 'remove']
  const enable =
    init === 'systemd'
      ? ['systemctl', '--quiet', 'enable', SOCKET_UNIT, SERVICE_UNIT]
      : ['update-rc.d', 'greyctl', 'defaults']
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

export function reloadPostfixSteps(configDir: string): { before: RunStep; after: RunStep } {
  const reload = ['postfix', '-c', configDir, 'reload']
  return {
    before: whenRolledBack('reload-back', 'let Postfix read main.cf as it was', reload, [1]),
    after: { kind: 'run', id: 'reload-postfix', title: 'reload Postfix', argv: reload },
  }
}

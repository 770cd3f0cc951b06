import type { RunStep, Step } from '../change/plan.js'
import type { ServerFacts } from './facts.js'
import { ROOT_DIRECTORY } from './files.js'
import { POSTGREY_DROP_IN_DIR } from './names.js'
import { restartPostgrey, startPostgrey, stopPostgrey } from './postgrey-service.js'
import { SERVICE_MANAGERS } from './service-manager.js'
import { whenRolledBack } from './service-steps.js'

export const WAIT_LISTENING = 'wait-listening'

/** Before postgrey's files change: what has to run after they have been put back. */
export function backAsItWas(facts: ServerFacts): readonly Step[] {
  const restart = whenRolledBack('postgrey-back', 'start postgrey as it was', restartPostgrey(facts.init))
  return [...(facts.postgrey.service.running ? [restart] : []), ...unitsBack(facts)]
}

export function unitsBack(facts: ServerFacts): readonly Step[] {
  if (facts.init !== 'systemd') return []
  return [
    whenRolledBack('postgrey-units-back', 'let systemd read its units as they were', [
      'systemctl',
      'daemon-reload',
    ]),
  ]
}

export function readUnits(facts: ServerFacts): readonly Step[] {
  if (facts.init !== 'systemd') return []
  return [
    {
      kind: 'run',
      id: 'read-postgrey-unit',
      title: 'let systemd read its units',
      argv: ['systemctl', 'daemon-reload'],
    },
  ]
}

export function dropInDirectory(facts: ServerFacts, action: 'create' | 'remove-if-empty'): readonly Step[] {
  const there = facts.directories.has(POSTGREY_DROP_IN_DIR)
  if (facts.init !== 'systemd' || there !== (action === 'remove-if-empty')) return []
  const title = `${action === 'create' ? 'create' : 'remove'} ${POSTGREY_DROP_IN_DIR}`
  return [
    {
      kind: 'directory',
      id: 'postgrey-unit-dir',
      title,
      path: POSTGREY_DROP_IN_DIR,
      action,
      meta: ROOT_DIRECTORY,
    },
  ]
}

export function enable(facts: ServerFacts): RunStep {
  const manager = SERVICE_MANAGERS[facts.init]
  return {
    kind: 'run',
    id: 'enable-postgrey',
    title: 'enable postgrey at boot',
    argv: manager.enable('postgrey'),
    undo: manager.disable('postgrey'),
  }
}

export function startStep({ init }: ServerFacts): RunStep {
  return {
    kind: 'run',
    id: 'start-postgrey',
    title: 'start postgrey',
    argv: startPostgrey(init),
    undo: stopPostgrey(init),
    timeout: 90,
  }
}

export function restartStep({ init }: ServerFacts): RunStep {
  return {
    kind: 'run',
    id: 'restart-postgrey',
    title: 'restart postgrey with its new options',
    argv: restartPostgrey(init),
    timeout: 90,
  }
}

export function waitStep(): Step {
  return { kind: 'prove', id: WAIT_LISTENING, title: 'wait until postgrey answers' }
}

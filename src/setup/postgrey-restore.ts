import type { RunStep, Step } from '../change/plan.js'
import { hashOf } from '../hash.js'
import type { ServerFacts } from './facts.js'
import { fileStep, type WantedFile } from './files.js'
import type { PostgreyRecord } from './installed.js'
import { POSTGREY_DEFAULTS, POSTGREY_DROP_IN, POSTGREY_USER } from './names.js'
import { DELAY, INET, OPTIONS, UNIX } from './postgrey-facts.js'
import { APT_GET, APT_TIMEOUT } from './postgrey-package.js'
import { startPostgrey, stopPostgrey } from './postgrey-service.js'
import { backAsItWas, dropInDirectory, enable, readUnits, restartStep, startStep } from './postgrey-steps.js'
import { SERVICE_MANAGERS } from './service-manager.js'
import { optionValue, optionWords, writeOptions } from './shell-options.js'

/** Another backend takes over: postgrey stops, its package and its triplets stay. */
export function leavePostgrey(facts: ServerFacts): readonly Step[] {
  if (!facts.live || !facts.postgrey.installed) return []
  const manager = SERVICE_MANAGERS[facts.init]
  const { running, enabled } = facts.postgrey.service
  const stop: RunStep = {
    kind: 'run',
    id: 'stop-postgrey',
    title: 'stop postgrey, which nobody asks any more',
    argv: stopPostgrey(facts.init),
    undo: startPostgrey(facts.init),
    timeout: 90,
  }
  const disable: RunStep = {
    kind: 'run',
    id: 'disable-postgrey',
    title: 'take postgrey out of the boot sequence',
    argv: manager.disable('postgrey'),
    undo: manager.enable('postgrey'),
  }
  return [...(running ? [stop] : []), ...(enabled ? [disable] : [])]
}

/** Uninstall: postgrey as it was before greyctl; a package that install brought goes, unless it is to stay. */
export function restorePostgrey(
  facts: ServerFacts,
  options: { keepPackage: boolean },
): { readonly steps: readonly Step[]; readonly last: readonly Step[] } {
  const record = facts.installed?.postgrey
  if (record === undefined) return { steps: [], last: [] }
  const goes = facts.live && record.packages.length > 0 && !options.keepPackage
  const files = restoredFiles(facts, record, goes)
  const steps = [
    ...(facts.live ? backAsItWas(facts) : []),
    ...files,
    ...dropInDirectory(facts, 'remove-if-empty'),
    ...(facts.live ? readUnits(facts) : []),
    ...(facts.live ? serviceAsItWas(facts, record, goes) : []),
  ]
  return { steps, last: goes ? removePackage(facts, record) : [] }
}

function restoredFiles(facts: ServerFacts, record: PostgreyRecord, goes: boolean): readonly Step[] {
  const now = facts.files.get(POSTGREY_DEFAULTS)
  const dropIn: WantedFile = {
    id: 'postgrey-log',
    title: `remove ${POSTGREY_DROP_IN}`,
    path: POSTGREY_DROP_IN,
    content: 'absent',
  }
  const options: WantedFile = {
    id: 'postgrey-options',
    title: `put postgrey's options back in ${POSTGREY_DEFAULTS}`,
    path: POSTGREY_DEFAULTS,
    content: optionsBefore(facts, record),
  }
  return [
    ...(goes ? [] : [fileStep(options, now)]),
    fileStep(dropIn, facts.files.get(POSTGREY_DROP_IN)),
  ].filter((step) => step !== undefined)
}

/** Byte for byte when nobody edited the file since; otherwise the three options go back, and the edits stay. */
function optionsBefore(facts: ServerFacts, record: PostgreyRecord): Buffer | 'absent' {
  const now = facts.files.get(POSTGREY_DEFAULTS)
  if (now === undefined) return 'absent'
  const untouched = facts.installed?.files[POSTGREY_DEFAULTS] === hashOf(now)
  if (untouched) return record.options === null ? 'absent' : Buffer.from(record.options, 'latin1')
  const before = record.options ?? ''
  const words = optionWords(before, OPTIONS, POSTGREY_DEFAULTS)
  const back = [INET, UNIX, DELAY].map((option) => {
    const value = optionValue(words, option)
    return { ...option, write: value === undefined ? undefined : `--${option.long}=${value}` }
  })
  return Buffer.from(writeOptions(now.toString('latin1'), OPTIONS, POSTGREY_DEFAULTS, back), 'latin1')
}

function serviceAsItWas(facts: ServerFacts, record: PostgreyRecord, goes: boolean): readonly Step[] {
  const { running, enabled } = facts.postgrey.service
  if (goes || !record.running) return running || enabled ? leavePostgrey(facts) : []
  return [
    ...(record.enabled && !enabled ? [enable(facts)] : []),
    running ? restartStep(facts) : startStep(facts),
  ]
}

function removePackage(facts: ServerFacts, record: PostgreyRecord): readonly Step[] {
  const { removable } = facts.postgrey
  if (removable.length === 0) return []
  const purge: RunStep = {
    kind: 'run',
    id: 'package',
    title: `remove Debian's package postgrey, which install brought, with its triplets`,
    argv: [...APT_GET, 'purge', ...removable],
    undo: [...APT_GET, 'install', '--no-install-recommends', ...removable],
    timeout: APT_TIMEOUT,
  }
  const user: RunStep = {
    kind: 'run',
    id: 'postgrey-user',
    title: `remove the user ${POSTGREY_USER}, whom the package made`,
    argv: ['userdel', POSTGREY_USER],
    accept: [6],
  }
  return [purge, ...(record.createdUser ? [user] : [])]
}

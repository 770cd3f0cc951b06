import type { Step } from '../change/plan.js'
import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import type { BackendPlan } from './backend-plan.js'
import { canCarry, giveToPostgrey } from './carry.js'
import { formatAddress, type InstallChoices } from './choices.js'
import type { ServerFacts } from './facts.js'
import { fileStep, ROOT_FILE, ROOT_PROGRAM, type WantedFile } from './files.js'
import type { PostgreyRecord } from './installed.js'
import { POLICY_RC_D, POSTGREY_DEFAULTS, POSTGREY_DROP_IN, POSTGREY_USER } from './names.js'
import { DELAY, INET, OPTIONS, UNIX } from './postgrey-facts.js'
import { APT_GET, APT_TIMEOUT } from './postgrey-package.js'
import {
  backAsItWas,
  dropInDirectory,
  enable,
  readUnits,
  restartStep,
  startStep,
  waitStep,
} from './postgrey-steps.js'
import type { Program } from './program.js'
import { whenRolledBack } from './service-steps.js'
import { writeOptions } from './shell-options.js'

const NO_START = Buffer.from(
  `#!/bin/sh
# greyctl: a package that is being installed waits for its options before its daemon starts
exit 101
`,
)

/** Debian's postgrey as the tutorials have it: the package, its options, its lines in the mail log, the service. Pure. */
export function planPostgrey(facts: ServerFacts, choices: InstallChoices, program: Program): BackendPlan {
  const { postgrey } = facts
  if (!postgrey.installed && postgrey.offer === undefined) {
    throw new GreyctlError('unsupported', 'postgrey is not installed in this tree', {
      where: facts.live ? '/' : '--root',
      hints: ['install the package postgrey there first, or use --backend bundled'],
    })
  }
  const files = wantedFiles(facts, choices, program)
  const steps = files.flatMap((file) => stepFor(file, facts) ?? [])
  const changed = steps.length > 0
  const was = postgrey.installed ? postgrey.service : { running: false, enabled: true }
  const quiet = facts.live && (changed || !was.running)
  return {
    files,
    starting: quiet,
    steps: [
      ...packageSteps(facts),
      ...(facts.live && changed ? backAsItWas(facts) : []),
      ...dropInDirectory(facts, 'create'),
      ...steps,
      ...(facts.live && changed ? readUnits(facts) : []),
      ...(facts.live && !was.enabled ? [enable(facts)] : []),
      ...(canCarry(facts, 'postgrey') ? [giveToPostgrey(program)] : []),
      ...(quiet ? [was.running ? restartStep(facts) : startStep(facts), waitStep()] : []),
    ],
  }
}

/** What uninstall needs to know of the time before; pure. */
export function postgreyRecord(facts: ServerFacts): PostgreyRecord {
  const { postgrey } = facts
  return {
    packages: postgrey.offer?.packages ?? [],
    createdUser: !postgrey.user,
    options: (facts.files.get(POSTGREY_DEFAULTS) ?? postgrey.offer?.options)?.toString('latin1') ?? null,
    running: postgrey.service.running,
    enabled: postgrey.service.enabled,
  }
}

function wantedFiles(facts: ServerFacts, choices: InstallChoices, program: Program): readonly WantedFile[] {
  const now = facts.files.get(POSTGREY_DEFAULTS) ?? facts.postgrey.offer?.options ?? Buffer.alloc(0)
  const options: WantedFile = {
    id: 'postgrey-options',
    title: `write postgrey's options to ${POSTGREY_DEFAULTS}`,
    path: POSTGREY_DEFAULTS,
    content: Buffer.from(wantedOptions(now.toString('latin1'), choices), 'latin1'),
    meta: ROOT_FILE,
  }
  if (facts.init !== 'systemd') return [options]
  const log: WantedFile = {
    id: 'postgrey-log',
    title: `bring postgrey's lines to the mail log (${POSTGREY_DROP_IN})`,
    path: POSTGREY_DROP_IN,
    content: Buffer.from(program.templates['postgrey.conf']),
    meta: ROOT_FILE,
  }
  return [options, log]
}

/** The address is always given: on a port alone postgrey binds what "localhost" means here, which need not be where Postfix asks. */
function wantedOptions(text: string, { listen, delay }: InstallChoices): string {
  const inet = listen.kind === 'inet' ? `--inet=${formatAddress(listen)}` : undefined
  const unix = listen.kind === 'unix' ? `--unix=${listen.path}` : undefined
  return writeOptions(text, OPTIONS, POSTGREY_DEFAULTS, [
    { ...INET, write: inet },
    { ...UNIX, write: unix },
    { ...DELAY, write: `--delay=${delay}` },
  ])
}

/** The file as it is, or as the package will have put it there by then. */
function stepFor(file: WantedFile, facts: ServerFacts): Step | undefined {
  const now = facts.files.get(file.path)
  const brought =
    file.path === POSTGREY_DEFAULTS && now === undefined ? facts.postgrey.offer?.options : undefined
  const step = fileStep(file, now ?? brought)
  return step && brought ? { ...step, brought } : step
}

function packageSteps(facts: ServerFacts): readonly Step[] {
  const { offer, user } = facts.postgrey
  if (offer === undefined) return []
  const held = facts.files.get(POLICY_RC_D) === undefined
  const hold: Step = {
    kind: 'file',
    id: 'hold-start',
    title: 'let the package wait for its options before it starts',
    path: POLICY_RC_D,
    before: 'absent',
    after: NO_START,
    meta: ROOT_PROGRAM,
  }
  const release: Step = {
    kind: 'file',
    id: 'release-start',
    title: 'let packages start their daemons again',
    path: POLICY_RC_D,
    before: hashOf(NO_START),
    after: 'absent',
    brought: NO_START,
  }
  return [
    ...(user
      ? []
      : [whenRolledBack('postgrey-user-back', 'remove the user postgrey', ['userdel', POSTGREY_USER], [6])]),
    ...(held ? [hold] : []),
    {
      kind: 'run',
      id: 'package',
      title: `install Debian's package postgrey`,
      argv: [...APT_GET, 'install', '--no-install-recommends', 'postgrey'],
      undo: [...APT_GET, 'purge', ...offer.packages],
      timeout: APT_TIMEOUT,
      hint: 'apt-get install postgrey, by hand, says more',
    },
    ...(held ? [release] : []),
  ]
}

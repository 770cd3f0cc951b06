import type { Plan, Step } from '../change/plan.js'
import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import { leaveBundled, planBundled } from './bundled-plan.js'
import { canCarry } from './carry.js'
import { formatEndpoint, type InstallChoices } from './choices.js'
import type { ServerFacts } from './facts.js'
import { fileStep, ROOT_DIRECTORY, type WantedFile } from './files.js'
import { type InstalledRecord, recordFile } from './installed.js'
import { idOf, instancesOf, type PostfixInstance } from './instance.js'
import { CONFIG_DIR, STATE_DIR } from './names.js'
import { planPostgrey, postgreyRecord } from './postgrey-plan.js'
import { leavePostgrey } from './postgrey-restore.js'
import type { Program } from './program.js'
import { planWiring, recordInstances, type WiringPlan } from './wiring.js'

export const PROVE_CANDIDATE = 'prove-candidate'
export const PROVE_LIVE = 'prove-live'

const NOT_RUNNING =
  'Postfix does not run, so it cannot be asked whether this works; once it runs: greyctl verify --live'

export interface InstallPlan {
  readonly plan: Plan
  /** An instance each. */
  readonly candidates: readonly Candidate[]
  /** In plain words, for the administrator: where the entry goes and why, and what to know about it. */
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}

/** The configuration of an instance as it will be, and the steps that prove it before and after it goes live. */
export interface Candidate {
  readonly configDir: string
  readonly mainCf: Buffer
  readonly masterCf: Buffer | undefined
  readonly proofs: { readonly candidate: string; readonly live: string }
}

/**
 * From what is there to greylisting. Pure. The order: the daemon first (nothing asks it yet), a proof with the
 * candidate main.cf, then main.cf itself, then the proof on the live server, and last a daemon that is asked no more.
 * Throws GreyctlError('config-invalid' | 'name-taken' | 'runtime-in-home' | 'unsupported' | 'postfix-missing' |
 * 'managed' | 'already-greylists').
 */
export function planInstall(
  facts: ServerFacts,
  choices: InstallChoices,
  program: Program,
  options: { proof: boolean },
): InstallPlan {
  assertUnmanaged(facts, choices)
  const wirings = instancesOf(facts).map((instance) => planWiring(facts, instance, choices, program))
  const backend =
    choices.backend === 'postgrey'
      ? planPostgrey(facts, choices, program)
      : planBundled(facts, choices, program)
  const record = installedFile(facts, choices, program, backend.files, wirings)
  const provable =
    facts.live && options.proof ? wirings.filter(({ instance }) => instance.postfixRunning) : []
  const asking = provable.filter(
    ({ steps, before }) => steps.length > 0 || before.length > 0 || backend.starting,
  )
  const recorded = fileStep(record, facts.files.get(record.path))
  const work: Step[] = [
    ...directorySteps(facts, choices),
    ...backend.steps,
    ...wirings.flatMap(({ before }) => before),
    ...asking.map(({ instance }) =>
      prove(PROVE_CANDIDATE, facts, instance, 'ask Postfix about the new configuration before it goes live'),
    ),
    ...wirings.flatMap(({ steps }) => steps),
    ...(recorded ? [recorded] : []),
  ]
  const proof = work.length > 0 ? provable : []
  const live = proof.map(({ instance }) =>
    prove(PROVE_LIVE, facts, instance, 'prove it on the live configuration'),
  )
  return {
    plan: { title: 'install', steps: [...work, ...live, ...leaveOther(facts, choices)] },
    candidates: wirings.map(({ instance, mainCf, masterCf }) => ({
      configDir: instance.configDir,
      mainCf,
      masterCf,
      proofs: { candidate: idOf(PROVE_CANDIDATE, facts, instance), live: idOf(PROVE_LIVE, facts, instance) },
    })),
    notes: [
      ...wirings.flatMap((wiring) => said(facts, wiring, wiring.notes)),
      ...switchNotes(facts, choices),
      ...storeNotes(facts, choices),
    ],
    warnings: wirings.flatMap((wiring) =>
      said(facts, wiring, [
        ...wiring.warnings,
        ...(facts.live && !wiring.instance.postfixRunning ? [NOT_RUNNING] : []),
      ]),
    ),
  }
}

/** Whoever writes main.cf would take the entry out again, or find a file that is not as it left it. */
export function assertUnmanaged(
  { manager, mainCfPath, configDir, installed }: ServerFacts,
  { force }: { readonly force?: boolean | undefined },
): void {
  const ours = installed?.instances.some((instance) => instance.configDir === configDir)
  if (manager === undefined || force || ours) return
  throw new GreyctlError(
    'managed',
    `${manager.name} manages this configuration, and would overwrite a change`,
    {
      where: mainCfPath,
      hints: [`the place for it: ${manager.place}`, 'or add --force to change main.cf all the same'],
    },
  )
}

function prove(id: string, facts: ServerFacts, instance: PostfixInstance, title: string): Step {
  const where = facts.others.length > 0 ? ` (${instance.configDir})` : ''
  return { kind: 'prove', id: idOf(id, facts, instance), title: `${title}${where}` }
}

/** Where there are several instances, it is said of which one. */
function said(facts: ServerFacts, { instance }: WiringPlan, words: readonly string[]): readonly string[] {
  return facts.others.length > 0 ? words.map((each) => `${instance.configDir}: ${each}`) : words
}

/** Once Postfix asks the new daemon: until then the old one answers. */
function leaveOther(facts: ServerFacts, { backend }: InstallChoices): readonly Step[] {
  const now = facts.installed?.backend
  if (now === undefined || now === backend) return []
  return now === 'bundled' ? leaveBundled(facts) : leavePostgrey(facts)
}

function switchNotes(facts: ServerFacts, { backend, listen }: InstallChoices): readonly string[] {
  const now = facts.installed?.backend
  if (now === undefined || now === backend) return []
  return [
    `the new daemon listens on ${formatEndpoint(listen)}; the old one answers until Postfix asks there, then it stops`,
    canCarry(facts, backend)
      ? 'the triplets come along: who is known now is not asked again'
      : 'the triplets start anew, and who is known now is asked to come back once more; to take them along, install the package db5.3-util first',
  ]
}

function storeNotes({ installed }: ServerFacts, { store }: InstallChoices): readonly string[] {
  if (store?.reach === undefined) return []
  return [
    ...(store.reach.grows
      ? [
          'the service may reach the hosts that there are now; when others join: this install again, on each MX',
        ]
      : []),
    ...(installed === undefined
      ? []
      : [
          'what is known here stays here; to take it along: greyctl store export and import (docs/several-mx.md)',
        ]),
  ]
}

function installedFile(
  facts: ServerFacts,
  choices: InstallChoices,
  program: Program,
  backendFiles: readonly WantedFile[],
  wirings: readonly WiringPlan[],
): WantedFile {
  const earlier = facts.installed
  const postgrey = earlier?.postgrey ?? (choices.backend === 'postgrey' ? postgreyRecord(facts) : undefined)
  const files = [...backendFiles, ...wirings.flatMap((wiring) => wiring.files)]
  const record: InstalledRecord = {
    version: program.version,
    backend: choices.backend,
    selective: choices.selective,
    delay: choices.delay,
    listen: formatEndpoint(choices.listen),
    learn: choices.learn,
    instances: recordInstances(facts, wirings),
    createdUser: earlier?.createdUser ?? facts.user === undefined,
    createdConfigDir: earlier?.createdConfigDir ?? !facts.directories.has(CONFIG_DIR),
    files: { ...earlier?.files, ...Object.fromEntries(files.flatMap((file) => recordedHash(file, facts))) },
    ...(postgrey ? { postgrey } : {}),
  }
  return recordFile(record)
}

/** A file that the administrator edited keeps the hash of what install once wrote: it is theirs, and uninstall leaves it. */
function recordedHash(file: WantedFile, facts: ServerFacts): readonly (readonly [string, string])[] {
  const now = facts.files.get(file.path)
  const earlier = facts.installed?.files[file.path]
  const ours = now === undefined || earlier === hashOf(now)
  if (ours) return [[file.path, hashOf(file.content === 'absent' ? undefined : file.content)]]
  return earlier === undefined ? [] : [[file.path, earlier]]
}

function directorySteps(facts: ServerFacts, { backend }: InstallChoices): readonly Step[] {
  return [...(backend === 'bundled' ? [CONFIG_DIR] : []), STATE_DIR]
    .filter((path) => !facts.directories.has(path))
    .map((path) => ({
      kind: 'directory',
      id: path === CONFIG_DIR ? 'config-dir' : 'state-dir',
      title: `create ${path}`,
      path,
      action: 'create',
      meta: ROOT_DIRECTORY,
    }))
}

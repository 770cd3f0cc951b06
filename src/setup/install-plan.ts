import type { FileStep, Plan, Step } from '../change/plan.js'
import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import { type MainCf, parseMainCf } from '../postfix/main-cf.js'
import { findPolicyServices } from '../postfix/policy-services.js'
import { wireGreylisting } from '../postfix/wire.js'
import { type Endpoint, formatEndpoint, type InstallChoices } from './choices.js'
import { type ServerFacts, UNIT_FILES } from './facts.js'
import { fileStep, ROOT_DIRECTORY, ROOT_FILE, ROOT_PROGRAM, type WantedFile } from './files.js'
import { formatInstalled, type InstalledRecord } from './installed.js'
import {
  CONFIG_DIR,
  DEFAULTS_FILE,
  INIT_SCRIPT,
  INSTALLED_FILE,
  PARAMETER,
  RESTRICTION_LIST,
  STATE_DIR,
  STORE_DIR,
  WHITELIST_CLIENTS,
  WHITELIST_RECIPIENTS,
} from './names.js'
import { assertServable, type Program } from './program.js'
import {
  readDefaults,
  renderDefaults,
  renderInit,
  renderService,
  renderSocket,
  updateDefaults,
} from './render.js'
import {
  beforeServiceFiles,
  createUserStep,
  dropStoreBack,
  reloadPostfixSteps,
  startService,
} from './service-steps.js'

export const PROVE_CANDIDATE = 'prove-candidate'
export const PROVE_LIVE = 'prove-live'

const NOT_RUNNING =
  'Postfix does not run, so it cannot be asked whether this works; once it runs: greyctl verify --live'

export interface InstallPlan {
  readonly plan: Plan
  /** main.cf as it will be: what the candidate is made of. */
  readonly mainCf: Buffer
  /** In plain words, for the administrator: where the entry goes and why, and what to know about it. */
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}

/**
 * From what is there to greylisting with the bundled daemon. Pure. The order: the service first (nothing asks it
 * yet), a proof with the candidate main.cf, then main.cf itself, then the proof on the live server.
 * Throws GreyctlError('config-invalid' | 'name-taken' | 'runtime-in-home' | 'unsupported' | 'postfix-missing').
 */
export function planInstall(
  facts: ServerFacts,
  choices: InstallChoices,
  program: Program,
  options: { proof: boolean },
): InstallPlan {
  assertServable(program)
  const wired = wireMainCf(facts, choices.listen)
  const files = serviceFiles(facts, choices, program)
  const configuration = configurationFiles(facts, choices, program)
  const record = installedFile(facts, choices, program, [...files, ...configuration])
  const service = stepsFor(files, facts)
  const settings = stepsFor(configuration, facts)
  const change = {
    files: service.length > 0 || settings.some(({ path }) => path === DEFAULTS_FILE),
    socket:
      service.some(({ path }) => path === UNIT_FILES.socket) || settings.some(({ id }) => id === 'options'),
  }
  const mainCf = fileStep(wired.file, facts.mainCf)
  const proving = facts.live && options.proof && facts.postfixRunning
  const starting = facts.live ? startService(facts.init, facts.service, change) : []
  const work: Step[] = [
    ...directorySteps(facts),
    ...(facts.live && change.files ? beforeServiceFiles(facts.init, facts.service.running) : []),
    ...settings,
    ...service,
    ...(facts.live && facts.user === undefined ? [createUserStep()] : []),
    ...(facts.live && !facts.directories.has(STORE_DIR) ? [dropStoreBack()] : []),
    ...starting,
    ...(proving && (mainCf || starting.length > 0)
      ? [prove(PROVE_CANDIDATE, 'ask Postfix about the new configuration before it goes live')]
      : []),
    ...mainCfSteps(facts, mainCf),
    ...stepsFor([record], facts),
  ]
  const changes = work.length > 0
  const proof = proving && changes ? [prove(PROVE_LIVE, 'prove it on the live configuration')] : []
  return {
    plan: { title: 'install', steps: [...work, ...proof] },
    mainCf: wired.file.content as Buffer,
    notes: wired.notes,
    warnings: [...wired.warnings, ...(facts.live && !facts.postfixRunning ? [NOT_RUNNING] : [])],
  }
}

function prove(id: string, title: string): Step {
  return { kind: 'prove', id, title }
}

function wireMainCf(facts: ServerFacts, listen: Endpoint) {
  if (facts.mainCf === undefined) {
    throw new GreyctlError('postfix-missing', 'there is no Postfix configuration', {
      where: facts.mainCfPath,
      hints: ['add --with-postfix to install Postfix first', 'or name its directory with --config-dir DIR'],
    })
  }
  const model = parseMainCf(facts.mainCf.toString('latin1'), facts.mainCfPath)
  const wired = wireGreylisting(model, {
    endpoint: postfixEndpoint(listen, facts.postfix?.queueDirectory ?? '/var/spool/postfix'),
    parameter: PARAMETER,
    list: RESTRICTION_LIST,
    ...(facts.postfix ? { postfixVersion: facts.postfix.version } : {}),
  })
  const file: WantedFile = {
    id: 'main-cf',
    title: `wire greylisting into ${facts.mainCfPath}`,
    path: facts.mainCfPath,
    content: Buffer.from(wired.cf.toString(), 'latin1'),
  }
  const { parameter, line, reason } = wired.placement
  return {
    file,
    notes: [`$${PARAMETER} stands in ${parameter} (line ${line}): ${reason}`],
    warnings: [...wired.warnings.map(({ message }) => message), ...otherGreylisters(model, facts.mainCfPath)],
  }
}

function otherGreylisters(model: MainCf, path: string): readonly string[] {
  return findPolicyServices(model)
    .filter(({ greylister }) => greylister !== undefined && greylister !== 'greyctl')
    .map(
      ({ list, line, endpoint, greylister }) =>
        `${path}:${line}: ${list} asks ${greylister} (${endpoint}) already; two greylisters delay mail twice: take that entry out`,
    )
}

/** smtpd may run in a chroot at the queue directory: a socket's path is given relative to it (SMTPD_POLICY_README). */
function postfixEndpoint(listen: Endpoint, queueDirectory: string): string {
  if (listen.kind === 'inet') return formatEndpoint(listen)
  if (listen.path.startsWith(`${queueDirectory}/`))
    return `unix:${listen.path.slice(queueDirectory.length + 1)}`
  throw new GreyctlError('usage', 'a chrooted smtpd cannot reach a socket outside the queue directory', {
    where: listen.path,
    hints: [`use a path below it, such as --listen unix:${queueDirectory}/private/greyctl`],
  })
}

function serviceFiles(facts: ServerFacts, choices: InstallChoices, program: Program): readonly WantedFile[] {
  if (facts.init === 'sysv') {
    return [
      {
        id: 'init-script',
        title: `write the init script ${INIT_SCRIPT}`,
        path: INIT_SCRIPT,
        content: Buffer.from(renderInit(program)),
        meta: ROOT_PROGRAM,
      },
    ]
  }
  return [
    {
      id: 'socket-unit',
      title: `write ${UNIT_FILES.socket}`,
      path: UNIT_FILES.socket,
      content: Buffer.from(renderSocket(program, choices)),
      meta: ROOT_FILE,
    },
    {
      id: 'service-unit',
      title: `write ${UNIT_FILES.service}`,
      path: UNIT_FILES.service,
      content: Buffer.from(renderService(program)),
      meta: ROOT_FILE,
    },
  ]
}

/** Files that belong to the administrator once they are there: only what install itself wrote is renewed. */
function configurationFiles(
  facts: ServerFacts,
  choices: InstallChoices,
  program: Program,
): readonly WantedFile[] {
  const whitelist = (path: string, name: 'whitelist_clients' | 'whitelist_recipients'): WantedFile => {
    const now = facts.files.get(path)
    const ours = now === undefined || facts.installed?.files[path] === hashOf(now)
    return {
      id: name.replace('_', '-'),
      title: `write ${path}`,
      path,
      content: ours ? Buffer.from(program.templates[name]) : now,
      meta: ROOT_FILE,
    }
  }
  return [
    {
      id: 'options',
      title: `write the daemon's options to ${DEFAULTS_FILE}`,
      path: DEFAULTS_FILE,
      content: wantedDefaults(facts.files.get(DEFAULTS_FILE), choices, program),
      meta: ROOT_FILE,
    },
    whitelist(WHITELIST_CLIENTS, 'whitelist_clients'),
    whitelist(WHITELIST_RECIPIENTS, 'whitelist_recipients'),
  ]
}

function wantedDefaults(now: Buffer | undefined, choices: InstallChoices, program: Program): Buffer {
  if (now === undefined) return Buffer.from(renderDefaults(program, choices))
  const text = now.toString('latin1')
  const current = readDefaults(text)
  const same =
    current.delay === choices.delay &&
    current.listen === formatEndpoint(choices.listen) &&
    (current.learn ?? false) === choices.learn
  return same ? now : Buffer.from(updateDefaults(text, choices), 'latin1')
}

function installedFile(
  facts: ServerFacts,
  choices: InstallChoices,
  program: Program,
  files: readonly WantedFile[],
): WantedFile {
  const earlier = facts.installed
  const record: InstalledRecord = {
    version: program.version,
    backend: 'bundled',
    selective: false,
    delay: choices.delay,
    listen: formatEndpoint(choices.listen),
    learn: choices.learn,
    configDir: facts.configDir,
    createdUser: earlier?.createdUser ?? facts.user === undefined,
    createdConfigDir: earlier?.createdConfigDir ?? !facts.directories.has(CONFIG_DIR),
    files: Object.fromEntries(files.flatMap((file) => recordedHash(file, facts))),
  }
  return {
    id: 'record',
    title: `note what was installed in ${INSTALLED_FILE}`,
    path: INSTALLED_FILE,
    content: Buffer.from(formatInstalled(record)),
    meta: ROOT_FILE,
  }
}

/** A file that the administrator edited keeps the hash of what install once wrote: it is theirs, and uninstall leaves it. */
function recordedHash(file: WantedFile, facts: ServerFacts): readonly (readonly [string, string])[] {
  const now = facts.files.get(file.path)
  const earlier = facts.installed?.files[file.path]
  const ours = now === undefined || earlier === hashOf(now)
  if (ours) return [[file.path, hashOf(file.content === 'absent' ? undefined : file.content)]]
  return earlier === undefined ? [] : [[file.path, earlier]]
}

function stepsFor(files: readonly WantedFile[], facts: ServerFacts): readonly FileStep[] {
  return files.flatMap((file) => fileStep(file, facts.files.get(file.path)) ?? [])
}

function directorySteps(facts: ServerFacts): readonly Step[] {
  return [CONFIG_DIR, STATE_DIR]
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

function mainCfSteps(facts: ServerFacts, step: FileStep | undefined): readonly Step[] {
  if (step === undefined) return []
  if (!facts.postfixRunning) return [step]
  const reload = reloadPostfixSteps(facts.configDir)
  return [reload.before, step, reload.after]
}

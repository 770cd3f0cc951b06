import type { FileStep, Step } from '../change/plan.js'
import { hashOf } from '../hash.js'
import type { BackendPlan } from './backend-plan.js'
import { canCarry, takeFromPostgrey } from './carry.js'
import { formatEndpoint, type InstallChoices } from './choices.js'
import { type ServerFacts, UNIT_FILES } from './facts.js'
import { fileStep, ROOT_FILE, ROOT_PROGRAM, type WantedFile } from './files.js'
import {
  CONFIG_FILE,
  DEFAULTS_FILE,
  INIT_SCRIPT,
  STORE_DIR,
  STORE_DROP_IN,
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
  forgetUnits,
  startService,
  stopService,
} from './service-steps.js'
import { proveStore, storeDirectory, storeFiles } from './shared-store.js'

/** greyctl's own daemon: its options and whitelists, its service, its user. Pure. Throws GreyctlError('runtime-in-home' | 'unsupported'). */
export function planBundled(facts: ServerFacts, choices: InstallChoices, program: Program): BackendPlan {
  assertServable(program)
  const files = [...serviceFiles(facts, choices, program), ...storeFiles(facts, choices)]
  const configuration = configurationFiles(facts, choices, program)
  const service = stepsFor(files, facts)
  const settings = stepsFor(configuration, facts)
  const change = {
    files: service.length > 0 || settings.some(({ path }) => path === DEFAULTS_FILE),
    socket: service.some(({ path }) => path === UNIT_FILES.socket),
  }
  const starting = facts.live ? startService(facts.init, facts.service, change) : []
  return {
    files: [...files, ...configuration],
    starting: starting.length > 0,
    steps: [
      ...(facts.live && change.files ? beforeServiceFiles(facts.init, facts.service.running) : []),
      ...settings,
      ...storeDirectory(facts, service, 'create'),
      ...service,
      ...storeDirectory(
        facts,
        service.filter(({ after }) => after === 'absent'),
        'remove-if-empty',
      ),
      ...(facts.live && facts.user === undefined ? [createUserStep(facts.accounts)] : []),
      ...(facts.live && !facts.directories.has(STORE_DIR) ? [dropStoreBack()] : []),
      ...starting,
      ...(choices.store?.reach && starting.length > 0 ? [proveStore()] : []),
      ...(canCarry(facts, 'bundled') ? [takeFromPostgrey(program)] : []),
    ],
  }
}

/** Stops the daemon and takes its units away; its options, whitelists, triplets and user stay. */
export function leaveBundled(facts: ServerFacts): readonly Step[] {
  const paths =
    facts.init === 'systemd' ? [UNIT_FILES.service, UNIT_FILES.socket, STORE_DROP_IN] : [INIT_SCRIPT]
  const present = paths.filter((path) => facts.files.get(path) !== undefined)
  const packaged = facts.packagedUnits.size > 0 && (facts.service.running || facts.service.enabled)
  if (present.length === 0 && !packaged) return []
  const files = present.flatMap((path) => {
    const id = path.replace(/^.*\//, '').replace('.', '-')
    return fileStep({ id, title: `remove ${path}`, path, content: 'absent' }, facts.files.get(path)) ?? []
  })
  const removed = [...files, ...storeDirectory(facts, files, 'remove-if-empty')]
  if (!facts.live) return removed
  if (facts.init !== 'systemd') return [...stopService(facts.init, facts.service), ...removed]
  const back: Step = {
    kind: 'run',
    id: 'units-back',
    title: 'let systemd read the units as they were',
    argv: [],
    undo: ['systemctl', 'daemon-reload'],
  }
  return [...stopService('systemd', facts.service), back, ...removed, ...forgetUnits()]
}

function serviceFiles(facts: ServerFacts, choices: InstallChoices, program: Program): readonly WantedFile[] {
  if (facts.init !== 'systemd') {
    return [
      {
        id: 'init-script',
        title: `write the init script ${INIT_SCRIPT}`,
        path: INIT_SCRIPT,
        content: Buffer.from(renderInit(program, facts.init)),
        meta: ROOT_PROGRAM,
      },
    ]
  }
  const units: readonly WantedFile[] = [
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
  return units.filter((unit) => !broughtByPackage(facts, unit))
}

/** The package's own unit says it already, and later versions of the package keep it up to date. */
function broughtByPackage(facts: ServerFacts, { path, content }: WantedFile): boolean {
  const packaged = facts.packagedUnits.get(path)
  return facts.files.get(path) === undefined && content !== 'absent' && packaged?.equals(content) === true
}

type Shipped = 'greyctl.toml' | 'whitelist_clients' | 'whitelist_recipients'

/** Files that belong to the administrator once they are there: only what install itself wrote is renewed. */
function configurationFiles(
  facts: ServerFacts,
  choices: InstallChoices,
  program: Program,
): readonly WantedFile[] {
  const shipped = (path: string, name: Shipped): WantedFile => {
    const now = facts.files.get(path)
    const ours = now === undefined || facts.installed?.files[path] === hashOf(now)
    return {
      id: name.replace(/[_.]/, '-'),
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
    shipped(CONFIG_FILE, 'greyctl.toml'),
    shipped(WHITELIST_CLIENTS, 'whitelist_clients'),
    shipped(WHITELIST_RECIPIENTS, 'whitelist_recipients'),
  ]
}

function wantedDefaults(now: Buffer | undefined, choices: InstallChoices, program: Program): Buffer {
  if (now === undefined) return Buffer.from(renderDefaults(program, choices))
  const text = now.toString('latin1')
  const current = readDefaults(text)
  const same =
    current.delay === choices.delay &&
    current.store?.location === choices.store?.location &&
    current.listen === formatEndpoint(choices.listen) &&
    (current.learn ?? false) === choices.learn
  return same ? now : Buffer.from(updateDefaults(text, choices), 'latin1')
}

function stepsFor(files: readonly WantedFile[], facts: ServerFacts): readonly FileStep[] {
  return files.flatMap((file) => fileStep(file, facts.files.get(file.path)) ?? [])
}

import type { Plan, Step } from '../change/plan.js'
import { hashOf } from '../hash.js'
import { type MainCf, parseMainCf } from '../postfix/main-cf.js'
import { parseMasterCfBytes } from '../postfix/master-cf.js'
import { giveBack } from '../postfix/take-place.js'
import { unwireGreylisting } from '../postfix/wire.js'
import { unwireMaster } from '../postfix/wire-master.js'
import { leaveBundled } from './bundled-plan.js'
import type { ServerFacts } from './facts.js'
import { fileStep, ROOT_DIRECTORY } from './files.js'
import { recordFile } from './installed.js'
import { idOf, instancesOf, type PostfixInstance } from './instance.js'
import {
  CONFIG_DIR,
  CONFIG_FILE,
  DEFAULTS_FILE,
  INSTALLED_FILE,
  OUTBOUND_PARAMETER,
  PARAMETER,
  RESTRICTION_LIST,
  STORE_DIR,
  WHITELIST_CLIENTS,
  WHITELIST_RECIPIENTS,
} from './names.js'
import { restorePostgrey } from './postgrey-restore.js'
import { reloadPostfixSteps, removeUserStep } from './service-steps.js'
import { masterFile, removeTable, replacedIn } from './wiring.js'

export interface UninstallPlan {
  readonly plan: Plan
  /** Files that install wrote and somebody edited since: they stay. */
  readonly kept: readonly string[]
  /** Instances that go on to greylist. */
  readonly left: readonly PostfixInstance[]
}

export interface UninstallOptions {
  /** Another instance that greylisting is installed in goes on to ask the daemon: only this one lets go of it. */
  readonly thisInstance?: boolean

  /** The triplets stay, and with them what holds them: the user greyctl, the package postgrey. */
  readonly keepData: boolean
  /** The package postgrey stays, stopped, where install brought it. */
  readonly keepPackage: boolean
}

/** Takes out exactly what install put in. Pure; needs no healthy Postfix, and no main.cf that parses elsewhere. */
export function planUninstall(facts: ServerFacts, options: UninstallOptions): UninstallPlan {
  const kept: string[] = []
  if (options.thisInstance && facts.others.length > 0) {
    const steps = [...unwireSteps(facts, facts), ...tableSteps(facts, facts, kept)]
    const recorded = steps.length > 0 ? withoutThis(facts) : []
    return { plan: { title: 'uninstall', steps: [...steps, ...recorded] }, kept, left: facts.others }
  }
  const postgrey = restorePostgrey(facts, { keepPackage: options.keepPackage || options.keepData })
  const steps = [
    ...instancesOf(facts).flatMap((instance) => unwireSteps(facts, instance)),
    ...instancesOf(facts).flatMap((instance) => tableSteps(facts, instance, kept)),
    ...leaveBundled(facts),
    ...postgrey.steps,
    ...[DEFAULTS_FILE, CONFIG_FILE, WHITELIST_CLIENTS, WHITELIST_RECIPIENTS].flatMap((path) =>
      configurationStep(facts, path, kept),
    ),
    ...removeFile(facts, INSTALLED_FILE, 'record'),
    ...(facts.directories.has(CONFIG_DIR) && (facts.installed?.createdConfigDir ?? true)
      ? [removeDirectory('config-dir', CONFIG_DIR)]
      : []),
    ...removeUser(facts, options.keepData),
    ...postgrey.last,
  ]
  const found = steps.some(({ id }) => id !== 'config-dir')
  const data: Step[] = options.keepData
    ? []
    : [{ kind: 'remove-tree', id: 'data', title: `remove the triplets in ${STORE_DIR}`, path: STORE_DIR }]
  return { plan: { title: 'uninstall', steps: found ? [...steps, ...data] : [] }, kept, left: [] }
}

/** What was installed stays, for the other instances. */
function withoutThis({ installed, configDir, files }: ServerFacts): readonly Step[] {
  if (installed === undefined) return []
  const instances = installed.instances.filter((instance) => instance.configDir !== configDir)
  const step = fileStep(recordFile({ ...installed, instances }), files.get(INSTALLED_FILE))
  return step ? [step] : []
}

function unwireSteps(facts: ServerFacts, instance: PostfixInstance): readonly Step[] {
  const { mainCf, mainCfPath } = instance
  if (mainCf === undefined) return []
  const wired = parseMainCf(mainCf.toString('latin1'), mainCfPath)
  const words = replacedIn(facts, instance)
  // first, so that a list that install made looks as it made it
  const asMade = unwireGreylisting(wired, OUTBOUND_PARAMETER)
  const without = unwireGreylisting(words === undefined ? asMade : giveBack(asMade, words, PARAMETER))
  const main = fileStep(
    {
      id: idOf('main-cf', facts, instance),
      title: `take greylisting out of ${mainCfPath}`,
      path: mainCfPath,
      content: Buffer.from(without.toString(), 'latin1'),
    },
    mainCf,
  )
  const steps = [main, unwireMasterStep(facts, instance, wired)].filter((step) => step !== undefined)
  if (steps.length === 0 || !instance.postfixRunning) return steps
  const reload = reloadPostfixSteps(facts, instance)
  // a Postfix that cannot reload was broken before; taking greylisting out must not wait for its repair
  return [reload.before, ...steps, { ...reload.after, accept: [1] }]
}

const PARAMETERS = [PARAMETER, OUTBOUND_PARAMETER]

/** A word that is left in an override would be an unknown parameter, which Postfix takes for nothing; but it is ours. */
function unwireMasterStep(facts: ServerFacts, instance: PostfixInstance, main: MainCf): Step | undefined {
  const { masterCf, masterCfPath } = instance
  if (masterCf === undefined || !PARAMETERS.some((parameter) => masterCf.includes(`$${parameter}`)))
    return undefined
  const without = PARAMETERS.reduce(
    (master, parameter) => unwireMaster(master, main, { parameter, list: RESTRICTION_LIST }),
    parseMasterCfBytes(masterCf, masterCfPath),
  )
  return fileStep(masterFile(facts, instance, without.toBytes(), 'take greylisting out of'), masterCf)
}

function tableSteps(facts: ServerFacts, instance: PostfixInstance, kept: string[]): readonly Step[] {
  const steps = removeTable(facts, instance)
  const edited = facts.installed?.selective && facts.files.get(instance.tablePath) !== undefined
  if (steps.length === 0 && edited) kept.push(instance.tablePath)
  return steps
}

function configurationStep(facts: ServerFacts, path: string, kept: string[]): readonly Step[] {
  const now = facts.files.get(path)
  if (now === undefined) return []
  const written = facts.installed?.files[path]
  const ofPackage = written === undefined && facts.packagedUnits.size > 0
  if (ofPackage) return []
  if (written !== hashOf(now)) {
    kept.push(path)
    return []
  }
  return removeFile(facts, path, path.replace(/^.*\//, '').replace(/[_.]/, '-'))
}

function removeFile(facts: ServerFacts, path: string, id: string): readonly Step[] {
  const step = fileStep({ id, title: `remove ${path}`, path, content: 'absent' }, facts.files.get(path))
  return step ? [step] : []
}

function removeDirectory(id: string, path: string): Step {
  return {
    kind: 'directory',
    id,
    title: `remove ${path} if nothing else is in it`,
    path,
    action: 'remove-if-empty',
    meta: ROOT_DIRECTORY,
  }
}

function removeUser(facts: ServerFacts, keepData: boolean): readonly Step[] {
  const ours = facts.installed?.createdUser ?? true
  return facts.live && facts.user !== undefined && ours && !keepData
    ? [removeUserStep(facts.accounts, facts.user)]
    : []
}

import type { Step } from '../change/plan.js'
import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import { compareLevels } from '../postfix/expand.js'
import { type MainCf, parseMainCf } from '../postfix/main-cf.js'
import { parseMasterCfBytes } from '../postfix/master-cf.js'
import { findPolicyServices } from '../postfix/policy-services.js'
import { type PlaceTaken, takePlace } from '../postfix/take-place.js'
import { wireGreylisting } from '../postfix/wire.js'
import { wireMaster } from '../postfix/wire-master.js'
import { type Endpoint, formatEndpoint, type InstallChoices } from './choices.js'
import type { ServerFacts } from './facts.js'
import { fileStep, ROOT_FILE, type WantedFile } from './files.js'
import type { InstanceRecord } from './installed.js'
import { idOf, type PostfixInstance } from './instance.js'
import { PARAMETER, RESTRICTION_LIST } from './names.js'
import type { Program } from './program.js'
import { reloadPostfixSteps } from './service-steps.js'

/** What an instance of Postfix is told. */
export interface WiringPlan {
  readonly instance: PostfixInstance
  /** Files that have to be there before Postfix is asked about the candidate. */
  readonly before: readonly Step[]
  readonly steps: readonly Step[]
  readonly mainCf: Buffer
  readonly masterCf: Buffer | undefined
  /** The words of main.cf whose place was taken. */
  readonly replaced: string | undefined
  readonly files: readonly WantedFile[]
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
}

/** main.cf, and the table of selective greylisting, of an instance. Pure. */
export function planWiring(
  facts: ServerFacts,
  instance: PostfixInstance,
  choices: InstallChoices,
  program: Program,
): WiringPlan {
  if (instance.mainCf === undefined) {
    throw new GreyctlError('postfix-missing', 'there is no Postfix configuration', {
      where: instance.mainCfPath,
      hints: ['add --with-postfix to install Postfix first', 'or name its directory with --config-dir DIR'],
    })
  }
  const model = parseMainCf(instance.mainCf.toString('latin1'), instance.mainCfPath)
  const taken = takeOver(instance, choices, model)
  const version = instance.postfix?.version
  const wired = wireGreylisting(taken?.cf ?? model, {
    endpoint: postfixEndpoint(choices.listen, instance.postfix?.queueDirectory ?? '/var/spool/postfix'),
    parameter: PARAMETER,
    list: RESTRICTION_LIST,
    ...(version ? { postfixVersion: version } : {}),
    ...(choices.selective ? { selective: tableSpec(facts.mapTypes, instance.tablePath) } : {}),
  })
  const mainCf = Buffer.from(wired.cf.toString(), 'latin1')
  const step = fileStep(
    {
      id: idOf('main-cf', facts, instance),
      title: `wire greylisting into ${instance.mainCfPath}`,
      path: instance.mainCfPath,
      content: mainCf,
    },
    instance.mainCf,
  )
  const names = { parameter: PARAMETER, list: RESTRICTION_LIST }
  const master = wireMaster(
    parseMasterCfBytes(instance.masterCf ?? NO_MASTER, instance.masterCfPath),
    wired.cf,
    names,
  )
  const masterStep =
    instance.masterCf &&
    fileStep(masterFile(facts, instance, master.cf.toBytes(), 'wire greylisting into'), instance.masterCf)
  const table = choices.selective ? wantedTable(facts, instance, program) : undefined
  const written = table && fileStep(table, facts.files.get(table.path))
  const gone = choices.selective ? [] : removeTable(facts, instance)
  const { parameter, line, reason } = wired.placement
  return {
    instance,
    before: written ? [written] : [],
    steps: [...reloaded(facts, instance, [step, masterStep], written !== undefined), ...gone],
    mainCf,
    masterCf: instance.masterCf && master.cf.toBytes(),
    replaced: taken?.words,
    files: table ? [table] : [],
    notes: [
      taken
        ? `$${PARAMETER} takes the place of "${taken.words}" in ${parameter} (line ${line}); uninstall gives it back`
        : `$${PARAMETER} stands in ${parameter} (line ${line}): ${reason}`,
      ...master.notes,
      ...(choices.selective ? [`only clients that ${instance.tablePath} names are asked to come back`] : []),
    ],
    warnings: [
      // the place is the administrator's own choice when it was there
      ...(taken ? [] : wired.warnings.map(({ message }) => message)),
      ...master.warnings,
      ...otherGreylisters(taken?.cf ?? model, instance.mainCfPath),
      ...(version && compareLevels(version, '3.0') < 0 ? [oldPostfix(version)] : []),
    ],
  }
}

function oldPostfix(version: string): string {
  return `Postfix ${version} cannot be told to let mail through when the greylister does not answer (3.0 and later can): with it down, every mail that would be asked about gets "451 4.3.5 Server configuration problem" and comes back later. Watch the daemon, or upgrade Postfix`
}

/** regexp as in every tutorial; pcre where this Postfix was built without. The expressions mean the same in both. */
function tableSpec(mapTypes: ServerFacts['mapTypes'], tablePath: string): string {
  const type = ['regexp', 'pcre'].find((name) => mapTypes === undefined || mapTypes.includes(name))
  if (type !== undefined) return `${type}:${tablePath}`
  throw new GreyctlError('unsupported', 'this Postfix reads neither regexp nor pcre tables', {
    hints: ['install the package postfix-pcre, or leave --selective out', 'postconf -m lists what it reads'],
  })
}

/** The table belongs to the administrator once it was edited: only what install itself wrote is renewed. */
function wantedTable(facts: ServerFacts, instance: PostfixInstance, program: Program): WantedFile {
  const { tablePath } = instance
  const now = facts.files.get(tablePath)
  const ours = now === undefined || facts.installed?.files[tablePath] === hashOf(now)
  return {
    id: idOf('table', facts, instance),
    title: `write the table of clients to greylist, ${tablePath}`,
    path: tablePath,
    content: ours ? Buffer.from(program.templates.check_client_greylist) : now,
    meta: ROOT_FILE,
  }
}

/** After Postfix has let go of it; an edited one stays. */
export function removeTable(facts: ServerFacts, instance: PostfixInstance): readonly Step[] {
  const { tablePath } = instance
  const now = facts.files.get(tablePath)
  const written = facts.installed?.files[tablePath]
  if (now === undefined || written !== hashOf(now)) return []
  const id = idOf('table', facts, instance)
  const step = fileStep({ id, title: `remove ${tablePath}`, path: tablePath, content: 'absent' }, now)
  return step ? [step] : []
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

function reloaded(
  facts: ServerFacts,
  instance: PostfixInstance,
  files: readonly (Step | undefined)[],
  table: boolean,
): readonly Step[] {
  const steps = files.filter((step) => step !== undefined)
  if (!instance.postfixRunning || (steps.length === 0 && !table)) return steps
  const reload = reloadPostfixSteps(facts, instance)
  return [reload.before, ...steps, reload.after]
}

const NO_MASTER = Buffer.alloc(0)

export function masterFile(
  facts: ServerFacts,
  instance: PostfixInstance,
  content: Buffer,
  what: string,
): WantedFile {
  const { masterCfPath: path } = instance
  return { id: idOf('master-cf', facts, instance), title: `${what} ${path}`, path, content }
}

/** Of the instances that ask from now on. */
export function recordInstances(
  facts: ServerFacts,
  wirings: readonly WiringPlan[],
): readonly InstanceRecord[] {
  const earlier = facts.installed?.instances ?? []
  const records = wirings.map(({ instance, replaced: now }) => {
    const replaced = replacedIn(facts, instance) ?? now
    return { configDir: instance.configDir, ...(replaced === undefined ? {} : { replaced }) }
  })
  // in the order of their installation
  const place = ({ configDir }: InstanceRecord) => {
    const at = earlier.findIndex((one) => one.configDir === configDir)
    return at < 0 ? earlier.length : at
  }
  return records.sort((a, b) => place(a) - place(b))
}

/** The words of its main.cf whose place an earlier install took. */
export function replacedIn(facts: ServerFacts, { configDir }: PostfixInstance): string | undefined {
  return facts.installed?.instances.find((one) => one.configDir === configDir)?.replaced
}

/**
 * A server that greylists already is not made to greylist twice: greyctl takes the place of the other one, when told
 * so. Throws GreyctlError('already-greylists') otherwise, naming the line.
 */
function takeOver(
  instance: PostfixInstance,
  { replace }: InstallChoices,
  model: MainCf,
): PlaceTaken | undefined {
  if (model.get(PARAMETER) !== undefined) return undefined
  const other = findPolicyServices(model).find(({ greylister }) => greylister && greylister !== 'greyctl')
  if (other === undefined) return undefined
  const where = `${instance.mainCfPath}:${other.line}`
  const what = `${other.list} asks ${other.greylister} (${other.endpoint}) already`
  const taken = replace ? takePlace(model, other.endpoint, PARAMETER) : undefined
  if (taken) return taken
  throw new GreyctlError('already-greylists', `this server greylists: ${what}`, {
    where,
    hints: replace
      ? ['its entry is written in a way that greyctl cannot change: take it out by hand']
      : [
          'greyctl install --replace takes its place in main.cf; uninstall gives it back',
          ...(other.greylister === 'postgrey'
            ? [
                'greyctl install --replace --backend postgrey keeps postgrey, its options and its triplets, and adds the fail-open entry',
              ]
            : []),
          'two greylisters would delay mail twice',
        ],
  })
}

import { GreyctlError } from '../errors.js'
import type { FileMeta, Host } from '../host/host.js'
import type { Plan } from './plan.js'
import type { RecordedStep } from './recorded-step.js'
import { restoreScript } from './restore-script.js'

export const STATE_DIR = '/var/lib/greyctl'
export const CHECKPOINTS = `${STATE_DIR}/checkpoints`

const PRIVATE_DIRECTORY: FileMeta = { uid: 0, gid: 0, mode: 0o700 }
const PRIVATE_FILE: FileMeta = { uid: 0, gid: 0, mode: 0o600 }
/** How host/files names a file before it is put in place. */
export const TEMPORARY = /^\..+\.greyctl-[0-9a-f]{12}$/

const PRIVATE_PROGRAM: FileMeta = { uid: 0, gid: 0, mode: 0o700 }
/** As packages put their configuration files. */
const BROUGHT_FILE: FileMeta = { uid: 0, gid: 0, mode: 0o644 }
const STATE_META: FileMeta = { uid: 0, gid: 0, mode: 0o755 }

/**
 * in-progress: undone by the next recovery. finishing: past the point of no return, completed by it. rolling-back: asked
 * for after it had finished, completed by the next recovery too.
 */
export type CheckpointState = 'in-progress' | 'finishing' | 'finished' | 'rolling-back' | 'rolled-back'

export interface Manifest {
  readonly id: string
  readonly title: string
  /** ISO 8601. */
  readonly created: string
  readonly state: CheckpointState
  readonly steps: readonly RecordedStep[]
}

export type JournalEntry =
  | {
      readonly event: 'state'
      readonly state: CheckpointState
      readonly noTrace?: boolean
      readonly trees?: readonly string[]
      readonly force?: boolean
    }
  | { readonly event: 'begin' | 'done' | 'undone'; readonly step: number }

/** One change on disk: /var/lib/greyctl/checkpoints/ID with manifest.json, journal, plan.diff, restore.sh and files/. */
export class Checkpoint {
  readonly directory: string

  constructor(
    private readonly host: Host,
    readonly id: string,
  ) {
    this.directory = `${CHECKPOINTS}/${id}`
  }

  /** The copies first, the manifest next, the journal last: without a journal nothing was done yet. */
  static async create(host: Host, plan: Plan, details: { diff: string; steps: readonly RecordedStep[] }) {
    const created = new Date(host.now() * 1000).toISOString()
    await host.makeDirectory(STATE_DIR, STATE_META)
    await host.makeDirectory(CHECKPOINTS, PRIVATE_DIRECTORY)
    const checkpoint = await Checkpoint.claim(host, `${created.replace(/[-:]|\.\d+/g, '')}-${plan.title}`)
    await host.makeDirectory(`${checkpoint.directory}/files`, PRIVATE_DIRECTORY)
    await checkpoint.copyFiles(plan, details.steps)
    await host.replace(`${checkpoint.directory}/plan.diff`, Buffer.from(details.diff), { meta: PRIVATE_FILE })
    const script = Buffer.from(restoreScript(plan.title, created, details.steps))
    await host.replace(`${checkpoint.directory}/restore.sh`, script, { meta: PRIVATE_PROGRAM })
    await checkpoint.writeManifest({
      id: checkpoint.id,
      title: plan.title,
      created,
      state: 'in-progress',
      steps: details.steps,
    })
    await checkpoint.journal({ event: 'state', state: 'in-progress' })
    return checkpoint
  }

  /** Each file as it was, with its owner and attributes, and as it will be. */
  private async copyFiles(plan: Plan, steps: readonly RecordedStep[]): Promise<void> {
    const { host, directory } = this
    for (const { id, path, saved, wrote } of steps) {
      const step = plan.steps.find((one) => one.id === id)
      if (step?.kind !== 'file') continue
      const content = saved && path ? (step.brought ?? (await host.read(path))) : undefined
      const like = step.brought ? { meta: BROUGHT_FILE } : { like: step.path }
      if (content) await host.replace(`${directory}/${saved}`, content, like)
      if (wrote === undefined || step.after === 'absent') continue
      await host.replace(`${directory}/${wrote}`, step.after, { meta: PRIVATE_FILE })
    }
  }

  /** A directory of its own, also when two changes begin in the same second. */
  private static async claim(host: Host, wanted: string): Promise<Checkpoint> {
    for (let attempt = 1; ; attempt += 1) {
      const checkpoint = new Checkpoint(host, attempt === 1 ? wanted : `${wanted}-${attempt}`)
      if (await host.makeDirectory(checkpoint.directory, PRIVATE_DIRECTORY)) return checkpoint
    }
  }

  writeManifest(manifest: Manifest): Promise<void> {
    const text = `${JSON.stringify(manifest, undefined, 2)}\n`
    return this.host.replace(`${this.directory}/manifest.json`, Buffer.from(text), { meta: PRIVATE_FILE })
  }

  journal(entry: JournalEntry): Promise<void> {
    const line = `${JSON.stringify({ at: new Date(this.host.now() * 1000).toISOString(), ...entry })}\n`
    return this.host.append(`${this.directory}/journal`, Buffer.from(line), PRIVATE_FILE)
  }

  /** Throws GreyctlError('checkpoint-missing'). */
  async manifest(): Promise<Manifest> {
    const path = `${this.directory}/manifest.json`
    const content = await this.host.read(path)
    if (content === undefined) {
      throw new GreyctlError('checkpoint-missing', 'there is no such checkpoint', {
        where: path,
        hints: ['greyctl rollback --list shows those that are there'],
      })
    }
    return JSON.parse(content.toString('utf8')) as Manifest
  }

  /** Entries in order; a last line that a crash cut short never happened. undefined: no journal, nothing was begun. */
  async entries(): Promise<readonly JournalEntry[] | undefined> {
    const content = await this.host.read(`${this.directory}/journal`)
    return content
      ?.toString('utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          return [JSON.parse(line) as JournalEntry]
        } catch {
          return []
        }
      })
  }

  async saved(name: string): Promise<{ content: Buffer; path: string }> {
    const path = `${this.directory}/${name}`
    const content = await this.host.read(path)
    if (content === undefined) {
      throw new GreyctlError('checkpoint-missing', 'the saved copy is gone', { where: path })
    }
    return { content, path }
  }

  /** The journal goes last: until then a recovery knows what this was. */
  async remove(): Promise<void> {
    await this.host.removeTree(`${this.directory}/files`)
    for (const name of ['restore.sh', 'undone', 'plan.diff', 'manifest.json', 'journal'])
      await this.host.remove(`${this.directory}/${name}`)
    for (const name of (await this.host.list(this.directory)) ?? []) {
      if (TEMPORARY.test(name)) await this.host.remove(`${this.directory}/${name}`)
    }
    await this.host.removeDirectory(this.directory)
  }
}

/** Steps that were taken back already: a program that undoes may not run twice (a unit that is gone cannot be stopped). */
export function undoneSteps(entries: readonly JournalEntry[] | undefined): ReadonlySet<number> {
  return new Set(entries?.flatMap((entry) => (entry.event === 'undone' ? [entry.step] : [])))
}

/** The state that the journal ends in; undefined when nothing was begun. */
export function stateOf(entries: readonly JournalEntry[] | undefined) {
  return entries?.findLast((entry) => entry.event === 'state')
}

/** Ids of all checkpoints, oldest first. */
export async function checkpointIds(host: Host): Promise<readonly string[]> {
  return (await host.list(CHECKPOINTS)) ?? []
}

/** Takes the state directories away again when nothing is left in them. */
export async function removeEmptyState(host: Host): Promise<void> {
  await host.removeDirectory(CHECKPOINTS)
  await host.removeDirectory(STATE_DIR)
}

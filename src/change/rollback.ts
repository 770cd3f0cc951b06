import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import type { Host } from '../host/host.js'
import { Checkpoint, type CheckpointState, checkpointIds, type Manifest, undoneSteps } from './checkpoint.js'
import { unifiedDiff } from './diff.js'
import { withLock } from './locked.js'
import { mergeEdit } from './merge.js'
import type { RecordedStep } from './recorded-step.js'
import { tryUndo } from './undo.js'

export interface CheckpointSummary {
  readonly id: string
  readonly title: string
  readonly created: string
  readonly state: CheckpointState
}

/** Oldest first. */
export async function listCheckpoints(host: Host): Promise<readonly CheckpointSummary[]> {
  const manifests = await Promise.all(
    (await checkpointIds(host)).map((id) => new Checkpoint(host, id).manifest()),
  )
  return manifests.map(({ id, title, created, state }) => ({ id, title, created, state }))
}

/** A checkpoint, the named or the latest one, and what its change did. Throws GreyctlError('checkpoint-missing'). */
export async function showCheckpoint(
  host: Host,
  id: string | undefined,
): Promise<{ manifest: Manifest; diff: string }> {
  const wanted = id ?? (await checkpointIds(host)).at(-1)
  if (wanted === undefined || !/^[\w-]+$/.test(wanted))
    throw missing(`there is no checkpoint ${wanted ?? ''}`.trim())
  const checkpoint = new Checkpoint(host, wanted)
  const manifest = await checkpoint.manifest()
  return { manifest, diff: (await checkpoint.saved('plan.diff')).content.toString('utf8') }
}

export interface RollbackResult {
  readonly checkpoint: string
  readonly restored: readonly string[]
  /** Of these, files that were edited after the change: put back with those edits. */
  readonly merged: readonly string[]
  /** Undo programs that failed. */
  readonly problems: readonly string[]
}

/**
 * Puts everything back as it was before a finished change: the one named, or the latest. Needs neither Postfix nor a
 * configuration that parses. Throws GreyctlError('checkpoint-missing'), or ('rollback-conflict') with the diff when
 * files were edited after the change in the change's own lines and `force` is not given; nothing is touched then. Other
 * edits are kept.
 */
export function rollbackCheckpoint(
  host: Host,
  id: string | undefined,
  options: RollbackOptions,
): Promise<RollbackResult> {
  return withLock(host, async () => {
    const manifest = await chosen(host, id)
    const checkpoint = new Checkpoint(host, manifest.id)
    const { merged, lost } = options.force ? NO_EDITS : await mergeEdits(host, checkpoint, manifest)
    if (lost.length > 0) throw await wouldLose(host, checkpoint, lost)
    await checkpoint.journal({ event: 'state', state: 'rolling-back', force: options.force })
    return takeBack(host, checkpoint, { manifest, merged, ...options })
  })
}

export interface RollbackOptions {
  readonly force: boolean
  /** Called for each step that is taken back. */
  readonly undone?: (title: string) => void
}

/**
 * The rest of a rollback that a crash interrupted. What somebody edited since stays, and is among the problems. The
 * caller holds the lock.
 */
export async function resumeRollback(
  host: Host,
  checkpoint: Checkpoint,
  { force }: RollbackOptions,
): Promise<RollbackResult> {
  const manifest = await checkpoint.manifest()
  const { merged } = force ? NO_EDITS : await mergeEdits(host, checkpoint, manifest)
  return takeBack(host, checkpoint, { manifest, merged, force })
}

interface Taking extends RollbackOptions {
  readonly manifest: Manifest
  readonly merged: ReadonlyMap<RecordedStep, Buffer>
}

/** Each step is noted in the journal, so that one that is cut short goes on where it was. */
async function takeBack(
  host: Host,
  checkpoint: Checkpoint,
  { manifest, merged, force, undone }: Taking,
): Promise<RollbackResult> {
  const before = undoneSteps(await checkpoint.entries())
  const problems: string[] = []
  for (const [at, step] of [...manifest.steps.entries()].reverse()) {
    if (before.has(at)) continue
    const content = merged.get(step)
    if (content !== undefined) await host.replace(step.path ?? '', content)
    const { conflict } = content ? {} : await tryUndo(host, checkpoint, step, { force })
    if (conflict !== undefined) problems.push(conflict)
    else await checkpoint.journal({ event: 'undone', step: at })
    if (conflict === undefined && (step.kind === 'file' || step.undo)) undone?.(step.title)
  }
  await checkpoint.writeManifest({ ...manifest, state: 'rolled-back' })
  await checkpoint.journal({ event: 'state', state: 'rolled-back' })
  return {
    checkpoint: manifest.id,
    restored: manifest.steps.flatMap(({ kind, path }) => (kind === 'file' && path ? [path] : [])),
    merged: [...merged.keys()].map(({ path = '' }) => path),
    problems,
  }
}

async function chosen(host: Host, id: string | undefined): Promise<Manifest> {
  if (id !== undefined && !/^[\w-]+$/.test(id)) throw missing(`"${id}" is no name of a checkpoint`)
  const ids = id === undefined ? [...(await checkpointIds(host))].reverse() : [id]
  for (const candidate of ids) {
    const manifest = await new Checkpoint(host, candidate).manifest()
    if (manifest.state === 'finished') return manifest
  }
  throw missing(id === undefined ? 'there is no change to take back' : `${id} has been taken back already`)
}

function missing(message: string): GreyctlError {
  return new GreyctlError('checkpoint-missing', message, {
    hints: ['greyctl rollback --list shows what is there'],
  })
}

interface Edits {
  /** How a file that was edited after the change is put back without losing the edit. */
  readonly merged: ReadonlyMap<RecordedStep, Buffer>
  /** Where that cannot be. */
  readonly lost: readonly RecordedStep[]
}

const NO_EDITS: Edits = { merged: new Map(), lost: [] }

async function mergeEdits(host: Host, checkpoint: Checkpoint, manifest: Manifest): Promise<Edits> {
  const merged = new Map<RecordedStep, Buffer>()
  const lost: RecordedStep[] = []
  for (const step of manifest.steps) {
    if (step.kind !== 'file' || step.path === undefined) continue
    const now = await host.read(step.path)
    if ([step.after, step.before].includes(hashOf(now))) continue
    const content = now && (await mergedFile(host, checkpoint, step, now))
    if (content) merged.set(step, content)
    else lost.push(step)
  }
  return { merged, lost }
}

async function wouldLose(
  host: Host,
  checkpoint: Checkpoint,
  edited: readonly RecordedStep[],
): Promise<GreyctlError> {
  const diffs = await Promise.all(edited.map((step) => wouldBeLost(host, checkpoint, step)))
  return new GreyctlError(
    'rollback-conflict',
    `edited after the change: rolling back would lose this\n${diffs.join('\n')}`,
    {
      where: edited.map(({ path }) => path).join(', '),
      hints: [
        'greyctl uninstall takes greylisting out and keeps your edits',
        'or add --force to restore the files all the same',
      ],
    },
  )
}

/** On disk before it is put in place: a rollback that was cut short knows its own work again. */
async function mergedFile(
  host: Host,
  checkpoint: Checkpoint,
  { saved, wrote }: RecordedStep,
  now: Buffer,
): Promise<Buffer | undefined> {
  if (saved === undefined || wrote === undefined) return undefined
  const path = `${checkpoint.directory}/${saved}.merged`
  const earlier = await host.read(path)
  if (earlier?.equals(now)) return now
  const [before, after] = [await checkpoint.saved(saved), await checkpoint.saved(wrote)]
  const content = mergeEdit(before.content, after.content, now)
  if (content) await host.replace(path, content, { like: before.path })
  return content
}

/** The edit itself: from what the change wrote to what is there. */
async function wouldBeLost(host: Host, checkpoint: Checkpoint, step: RecordedStep): Promise<string> {
  const path = step.path ?? ''
  const now = (await host.read(path)) ?? Buffer.alloc(0)
  const wrote = step.wrote === undefined ? Buffer.alloc(0) : (await checkpoint.saved(step.wrote)).content
  return unifiedDiff(path, wrote, now)
}

import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import type { Host } from '../host/host.js'
import { Checkpoint, type CheckpointState, checkpointIds, type Manifest } from './checkpoint.js'
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
  options: { force: boolean },
): Promise<RollbackResult> {
  return withLock(host, async () => {
    const manifest = await chosen(host, id)
    const checkpoint = new Checkpoint(host, manifest.id)
    const merged = options.force
      ? new Map<RecordedStep, Buffer>()
      : await mergeEdits(host, checkpoint, manifest)
    const problems: string[] = []
    for (const step of [...manifest.steps].reverse()) {
      const content = merged.get(step)
      if (content !== undefined) await host.replace(step.path ?? '', content)
      const { conflict } = content ? {} : await tryUndo(host, checkpoint, step, options)
      if (conflict !== undefined) problems.push(conflict)
    }
    await checkpoint.writeManifest({ ...manifest, state: 'rolled-back' })
    await checkpoint.journal({ event: 'state', state: 'rolled-back' })
    const restored = manifest.steps.flatMap(({ kind, path }) => (kind === 'file' && path ? [path] : []))
    return {
      checkpoint: manifest.id,
      restored,
      merged: [...merged.keys()].map(({ path = '' }) => path),
      problems,
    }
  })
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

/** For each file that was edited after the change: how it is put back without losing the edit. */
async function mergeEdits(
  host: Host,
  checkpoint: Checkpoint,
  manifest: Manifest,
): Promise<ReadonlyMap<RecordedStep, Buffer>> {
  const merged = new Map<RecordedStep, Buffer>()
  const edited: RecordedStep[] = []
  for (const step of manifest.steps) {
    if (step.kind !== 'file' || step.path === undefined) continue
    const now = await host.read(step.path)
    if ([step.after, step.before].includes(hashOf(now))) continue
    const content = now && (await mergedFile(host, checkpoint, step, now))
    if (content) merged.set(step, content)
    else edited.push(step)
  }
  if (edited.length === 0) return merged
  const diffs = await Promise.all(edited.map((step) => wouldBeLost(host, checkpoint, step)))
  throw new GreyctlError(
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

import type { Host } from '../host/host.js'
import { Checkpoint, checkpointIds, removeEmptyState, stateOf, undoneSteps } from './checkpoint.js'
import { finishChange } from './finish.js'
import { withLock } from './locked.js'
import { resumeRollback } from './rollback.js'
import { tryUndo } from './undo.js'

export interface Recovery {
  /** Checkpoints of changes that had been interrupted and were undone. */
  readonly recovered: readonly string[]
  /** Checkpoints whose rollback had been interrupted and was completed. */
  readonly completed: readonly string[]
  /** Files that somebody edited meanwhile and that were left alone, and undo programs that failed. */
  readonly conflicts: readonly string[]
}

/**
 * Undoes changes that a crash, a power cut or a kill interrupted, and completes those that were past the point of no
 * return. First thing of every command that changes something; can itself be interrupted and run again.
 */
export function recoverInterrupted(host: Host): Promise<Recovery> {
  return withLock(host, async () => {
    const recovery = { recovered: [], completed: [], conflicts: [] }
    for (const id of [...(await checkpointIds(host))].reverse()) {
      await recoverOne(host, new Checkpoint(host, id), recovery)
    }
    await removeEmptyState(host)
    return recovery
  })
}

type Recovering = { -readonly [Name in keyof Recovery]: string[] }

async function recoverOne(host: Host, checkpoint: Checkpoint, recovery: Recovering): Promise<void> {
  const entries = await checkpoint.entries()
  const last = stateOf(entries)
  switch (last?.state) {
    case undefined:
      await checkpoint.remove()
      break
    case 'finishing':
      await finishChange(host, checkpoint, { trees: last?.trees ?? [], noTrace: last?.noTrace ?? false })
      break
    case 'in-progress': {
      const found = await undoAll(host, checkpoint)
      recovery.recovered.push(checkpoint.id)
      recovery.conflicts.push(...found)
      await conclude(checkpoint, found)
      break
    }
    case 'rolling-back': {
      const { problems } = await resumeRollback(host, checkpoint, { force: last?.force ?? false })
      recovery.completed.push(checkpoint.id)
      recovery.conflicts.push(...problems)
      break
    }
    case 'rolled-back':
      await removeUnlessConflicting(checkpoint)
  }
}

async function undoAll(host: Host, checkpoint: Checkpoint): Promise<readonly string[]> {
  const { steps } = await checkpoint.manifest()
  const entries = (await checkpoint.entries()) ?? []
  const begun = new Set(entries.flatMap((entry) => (entry.event === 'begin' ? [entry.step] : [])))
  const undone = undoneSteps(entries)
  const conflicts: string[] = []
  for (const [at, step] of [...steps.entries()].reverse()) {
    if (!begun.has(at) || undone.has(at)) continue
    const { conflict } = await tryUndo(host, checkpoint, step, { force: false })
    if (conflict === undefined) await checkpoint.journal({ event: 'undone', step: at })
    else conflicts.push(conflict)
  }
  return conflicts
}

/** The journal says that it is undone before anything of the checkpoint goes. */
async function conclude(checkpoint: Checkpoint, conflicts: readonly string[]): Promise<void> {
  if (conflicts.length > 0) {
    await checkpoint.writeManifest({ ...(await checkpoint.manifest()), state: 'rolled-back' })
  }
  await checkpoint.journal({ event: 'state', state: 'rolled-back' })
  if (conflicts.length === 0) await checkpoint.remove()
}

/** A clean rollback removes its checkpoint; one that was interrupted while doing so has lost its manifest already. */
async function removeUnlessConflicting(checkpoint: Checkpoint): Promise<void> {
  const kept = await checkpoint.manifest().then(
    ({ state }) => state === 'rolled-back',
    () => false,
  )
  if (!kept) await checkpoint.remove()
}

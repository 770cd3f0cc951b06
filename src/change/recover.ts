import type { Host } from '../host/host.js'
import { Checkpoint, checkpointIds, removeEmptyState, stateOf } from './checkpoint.js'
import { finishChange } from './finish.js'
import { withLock } from './locked.js'
import { tryUndo } from './undo.js'

export interface Recovery {
  /** Checkpoints of changes that had been interrupted and were undone. */
  readonly recovered: readonly string[]
  /** Files that somebody edited meanwhile and that were left alone, and undo programs that failed. */
  readonly conflicts: readonly string[]
}

/**
 * Undoes changes that a crash, a power cut or a kill interrupted, and completes those that were past the point of no
 * return. First thing of every command that changes something; can itself be interrupted and run again.
 */
export function recoverInterrupted(host: Host): Promise<Recovery> {
  return withLock(host, async () => {
    const recovered: string[] = []
    const conflicts: string[] = []
    const ids = await checkpointIds(host)
    for (const id of [...ids].reverse()) {
      const checkpoint = new Checkpoint(host, id)
      const entries = await checkpoint.entries()
      const last = stateOf(entries)
      if (entries === undefined || last === undefined) await checkpoint.remove()
      else if (last.state === 'finishing') {
        await finishChange(host, checkpoint, { trees: last.trees ?? [], noTrace: last.noTrace ?? false })
      } else if (last.state === 'in-progress') {
        const found = await undoAll(host, checkpoint)
        recovered.push(id)
        conflicts.push(...found)
        await conclude(checkpoint, found)
      } else if (last.state === 'rolled-back') await removeUnlessConflicting(checkpoint)
    }
    await removeEmptyState(host)
    return { recovered, conflicts }
  })
}

async function undoAll(host: Host, checkpoint: Checkpoint): Promise<readonly string[]> {
  const { steps } = await checkpoint.manifest()
  const entries = (await checkpoint.entries()) ?? []
  const begun = new Set(entries.flatMap((entry) => (entry.event === 'begin' ? [entry.step] : [])))
  const conflicts: string[] = []
  for (const [at, step] of [...steps.entries()].reverse()) {
    if (!begun.has(at)) continue
    const { conflict } = await tryUndo(host, checkpoint, step, { force: false })
    if (conflict !== undefined) conflicts.push(conflict)
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

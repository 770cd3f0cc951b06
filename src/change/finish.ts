import type { Host } from '../host/host.js'
import { CHECKPOINTS, Checkpoint, removeEmptyState } from './checkpoint.js'

export interface Finish {
  /** Trees that only go once everything else has worked: they cannot be put back. */
  readonly trees: readonly string[]
  readonly noTrace: boolean
}

/** The part after the point of no return; repeated from the journal when a crash interrupts it. */
export async function finishChange(
  host: Host,
  checkpoint: Checkpoint,
  { trees, noTrace }: Finish,
): Promise<void> {
  for (const path of trees) await host.removeTree(path)
  if (!noTrace) {
    await checkpoint.writeManifest({ ...(await checkpoint.manifest()), state: 'finished' })
    await checkpoint.journal({ event: 'state', state: 'finished' })
    return
  }
  for (const id of (await host.list(CHECKPOINTS)) ?? []) {
    if (id !== checkpoint.id) await new Checkpoint(host, id).remove()
  }
  await checkpoint.remove()
  await removeEmptyState(host)
}

import type { ChalkInstance } from 'chalk'
import { escapeText } from './escape.js'

export interface CheckpointView {
  readonly id: string
  readonly title: string
  readonly state: string
  readonly created: string
}

export function renderCheckpoints(checkpoints: readonly CheckpointView[], style: ChalkInstance): string {
  if (checkpoints.length === 0) return 'no checkpoints: greyctl has changed nothing here'
  return checkpoints
    .map(
      ({ id, title, state, created }) =>
        `${style.bold(id)}  ${escapeText(title)}, ${escapeText(state)}, ${created}`,
    )
    .join('\n')
}

export interface RollbackView {
  readonly checkpoint: string
  /** Paths that were restored. */
  readonly restored: readonly string[]
}

export function renderRollback({ checkpoint, restored }: RollbackView, style: ChalkInstance): string {
  const files = restored.map((path) => `  ${escapeText(path)}`)
  return [`${style.green('✓')} put back as before ${style.bold(checkpoint)}`, ...files].join('\n')
}

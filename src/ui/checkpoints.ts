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

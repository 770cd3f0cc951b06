import type { FileStep } from '../change/plan.js'
import { hashOf } from '../hash.js'
import type { FileMeta } from '../host/host.js'

export const ROOT_FILE: FileMeta = { uid: 0, gid: 0, mode: 0o644 }
export const ROOT_PROGRAM: FileMeta = { uid: 0, gid: 0, mode: 0o755 }
export const ROOT_DIRECTORY: FileMeta = { uid: 0, gid: 0, mode: 0o755 }

export interface WantedFile {
  readonly id: string
  readonly title: string
  readonly path: string
  readonly content: Buffer | 'absent'
  readonly meta?: FileMeta
}

/** The step that brings a file from what it is to what is wanted; undefined when it is so already. */
export function fileStep(wanted: WantedFile, now: Buffer | undefined): FileStep | undefined {
  const before = hashOf(now)
  const after = wanted.content === 'absent' ? 'absent' : hashOf(wanted.content)
  if (before === after) return undefined
  return {
    kind: 'file',
    id: wanted.id,
    title: wanted.title,
    path: wanted.path,
    before,
    after: wanted.content,
    ...(wanted.meta && now === undefined ? { meta: wanted.meta } : {}),
  }
}

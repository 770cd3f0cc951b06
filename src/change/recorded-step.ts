import type { FileMeta } from '../host/host.js'
import type { Sha256, Step } from './plan.js'

/** A step as the manifest holds it: enough to undo it without the program that planned it. */
export interface RecordedStep {
  readonly id: string
  readonly title: string
  readonly kind: Step['kind']
  readonly path?: string
  readonly before?: Sha256 | 'absent'
  readonly after?: Sha256 | 'absent'
  /** The copy of the file as it was, below the checkpoint. */
  readonly saved?: string
  /** A copy of what the change wrote, to tell later edits from it. */
  readonly wrote?: string
  /** Directories: what was there, to be made again or taken away. */
  readonly directory?: { readonly existed: boolean; readonly meta: FileMeta }
  readonly argv?: readonly string[]
  readonly undo?: readonly string[]
  readonly accept?: readonly number[]
  readonly timeout?: number
}

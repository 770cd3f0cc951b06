import type { Step } from '../change/plan.js'
import type { WantedFile } from './files.js'

/** The part of a plan that brings up the daemon that is to be asked. */
export interface BackendPlan {
  readonly steps: readonly Step[]
  /** It starts, or starts anew. */
  readonly starting: boolean
  readonly files: readonly WantedFile[]
}

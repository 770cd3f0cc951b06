import type { FileMeta } from '../host/host.js'

/** Lower-case hexadecimal SHA-256 of a file's bytes. */
export type Sha256 = string

interface StepBase {
  /** Stable within a plan, kebab-case: `main-cf`, `start-service`. */
  readonly id: string
  /** In plain words, for progress and for the checkpoint: "add greylisting to /etc/postfix/main.cf". */
  readonly title: string
}

/** Puts a file in place, or takes it away. `before` is what the plan was made from: anything else at apply time is an edit in between. */
export interface FileStep extends StepBase {
  readonly kind: 'file'
  readonly path: string
  readonly before: Sha256 | 'absent'
  readonly after: Buffer | 'absent'
  /** What an earlier step of the plan puts there (a package its configuration file): `before` is the hash of this, not of what is there now. */
  readonly brought?: Buffer
  /** Owner and mode for a new file; without it those of the old file stay, with its xattrs, ACLs and SELinux context. */
  readonly meta?: FileMeta
}

/** Creates a directory (undo: removed when empty, and only if this plan created it), or removes an empty one. */
export interface DirectoryStep extends StepBase {
  readonly kind: 'directory'
  readonly path: string
  readonly action: 'create' | 'remove-if-empty'
  readonly meta: FileMeta
}

/** Removes a tree that greyctl owns and that cannot be put back (the store at uninstall). Ordered last: no step after it may fail. */
export interface RemoveTreeStep extends StepBase {
  readonly kind: 'remove-tree'
  readonly path: string
}

/** Runs a program (an empty argv: none, the step is there for its undo). A non-zero exit fails the change; `undo` runs when the change is rolled back, also when it is unknown whether the step ran. */
export interface RunStep extends StepBase {
  readonly kind: 'run'
  readonly argv: readonly string[]
  readonly undo?: readonly string[]
  /** Exit codes other than 0 that are fine, for the program and for its undo. */
  readonly accept?: readonly number[]
  /** Seconds; default 60. */
  readonly timeout?: number
  /** What a person does when it fails. */
  readonly hint?: string
}

/** Asks whether the machine now does what the plan promises; a false answer rolls the change back. Runs nothing that needs an undo. */
export interface ProveStep extends StepBase {
  readonly kind: 'prove'
}

export type Step = FileStep | DirectoryStep | RemoveTreeStep | RunStep | ProveStep

/** A change to a machine, as a value. */
export interface Plan {
  /** `install`, `uninstall`, … */
  readonly title: string
  readonly steps: readonly Step[]
}

export type StepStatus = 'pending' | 'running' | 'done' | 'failed' | 'undone'

/** What a proof found; `ok: undefined` is inconclusive (another rule answered first) and does not fail the change. */
export interface ProofCase {
  readonly case: string
  readonly expected: string
  readonly answer: string
  /** What the same question was answered without the change. */
  readonly before?: string
  readonly ok: boolean | undefined
  /** What a person can do about it. */
  readonly advice?: string
}

/** Called for each ProveStep, by its id. */
export type Prover = (step: ProveStep, signal: AbortSignal) => Promise<readonly ProofCase[]>

export interface ApplyEvents {
  step?(step: Step, status: StepStatus, detail?: string): void
}

export interface ApplyResult {
  readonly status: 'applied' | 'rolled-back' | 'rolled-back-with-conflicts'
  /** The checkpoint's id (a directory name below /var/lib/greyctl/checkpoints). */
  readonly checkpoint: string
  readonly steps: readonly { readonly id: string; readonly title: string; readonly status: StepStatus }[]
  readonly proof: readonly ProofCase[]
  /** Why it was rolled back: set unless applied. */
  readonly failure?: Error
  /** Files that somebody edited while the change ran, and that were therefore left as they are. */
  readonly conflicts: readonly string[]
}

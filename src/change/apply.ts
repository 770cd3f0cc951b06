import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import type { Host } from '../host/host.js'
import { CHECKPOINTS, Checkpoint, checkpointIds, removeEmptyState, STATE_DIR } from './checkpoint.js'
import { planDiff } from './diff.js'
import { finishChange } from './finish.js'
import { withLock } from './locked.js'
import type { ApplyEvents, ApplyResult, FileStep, Plan, ProofCase, Prover, Step, StepStatus } from './plan.js'
import type { RecordedStep } from './recorded-step.js'
import { runStep, tryUndo } from './undo.js'

export interface ApplyOptions {
  readonly prove?: Prover
  readonly events?: ApplyEvents
  /** Aborted by Ctrl-C: what was done is undone. */
  readonly signal?: AbortSignal
  /** When all is done, remove every checkpoint and the state directory too (uninstall). */
  readonly leaveNoTrace?: boolean
}

/**
 * Carries a plan out, or leaves the machine as it was. Undo information is on disk before each step. Throws only
 * what is found before anything was done: GreyctlError('edited-meanwhile' | 'no-space' | 'read-only' | 'change-running').
 * A failure on the way is a result.
 */
export function applyPlan(host: Host, plan: Plan, options: ApplyOptions = {}): Promise<ApplyResult> {
  return withLock(host, async () => {
    const steps = plan.steps.filter((step) => host.root === '/' || !['run', 'prove'].includes(step.kind))
    if (steps.length === 0) return nothingToDo()
    for (const step of steps) {
      if (step.kind === 'file' && step.brought === undefined) await assertAsPlanned(host, step)
    }
    await assertSpace(host, steps)
    const recorded = await Promise.all(steps.map((step, at) => record(host, step, at)))
    const diff = await planDiff(host, plan)
    const checkpoint = await createCheckpoint(host, plan, { diff, steps: recorded })
    return new Application(host, checkpoint, steps, recorded, options).run()
  })
}

function nothingToDo(): ApplyResult {
  return { status: 'applied', checkpoint: '', steps: [], proof: [], conflicts: [] }
}

async function createCheckpoint(
  host: Host,
  plan: Plan,
  details: { diff: string; steps: readonly RecordedStep[] },
): Promise<Checkpoint> {
  const before = new Set(await host.list(CHECKPOINTS))
  try {
    return await Checkpoint.create(host, plan, details)
  } catch (error) {
    // a full disk, for one: nothing was changed yet, and nothing half written stays
    for (const id of (await host.list(CHECKPOINTS)) ?? []) {
      if (!before.has(id)) await new Checkpoint(host, id).remove()
    }
    await removeEmptyState(host)
    throw error
  }
}

/** One run of a plan: which steps were begun, what the proofs said. */
class Application {
  private readonly statuses: StepStatus[]
  private readonly proof: ProofCase[] = []

  constructor(
    private readonly host: Host,
    private readonly checkpoint: Checkpoint,
    private readonly steps: readonly Step[],
    private readonly recorded: readonly RecordedStep[],
    private readonly options: ApplyOptions,
  ) {
    this.statuses = steps.map(() => 'pending')
  }

  async run(): Promise<ApplyResult> {
    try {
      for (const [at, step] of this.steps.entries()) {
        this.options.signal?.throwIfAborted()
        await this.perform(step, at)
      }
      this.options.signal?.throwIfAborted()
    } catch (error) {
      return this.rollBack(error instanceof Error ? error : new Error(String(error)))
    }
    await this.finish()
    return { ...this.result([]), status: 'applied' }
  }

  private async perform(step: Step, at: number): Promise<void> {
    if (step.kind === 'remove-tree') return
    this.status(at, 'running')
    try {
      await this.checkpoint.journal({ event: 'begin', step: at })
      await this.act(step, this.recorded[at] as RecordedStep)
      await this.checkpoint.journal({ event: 'done', step: at })
    } catch (error) {
      this.status(at, 'failed', error instanceof Error ? error.message : String(error))
      throw error
    }
    this.status(at, 'done')
  }

  private async act(step: Exclude<Step, { kind: 'remove-tree' }>, recorded: RecordedStep): Promise<void> {
    const { host } = this
    if (step.kind === 'run') return runStep(host, recorded, step.hint)
    if (step.kind === 'prove') return this.prove(step)
    if (step.kind === 'directory') {
      if (step.action === 'create') await host.makeDirectory(step.path, step.meta)
      else await host.removeDirectory(step.path)
      return
    }
    await assertAsPlanned(host, step)
    if (step.after === 'absent') await host.remove(step.path)
    else await host.replace(step.path, step.after, step.meta ? { meta: step.meta } : {})
  }

  private async prove(step: Extract<Step, { kind: 'prove' }>): Promise<void> {
    const cases = await this.options.prove?.(step, this.options.signal ?? new AbortController().signal)
    this.proof.push(...(cases ?? []))
    const failed = cases?.find(({ ok }) => ok === false)
    if (!failed) return
    throw new GreyctlError(
      'proof-failed',
      `${failed.case}: expected ${failed.expected}, the answer was ${failed.answer}`,
    )
  }

  private async rollBack(failure: Error): Promise<ApplyResult> {
    const conflicts: string[] = []
    for (const [at, recorded] of [...this.recorded.entries()].reverse()) {
      if (this.statuses[at] === 'pending') continue
      const { conflict } = await tryUndo(this.host, this.checkpoint, recorded, { force: false })
      if (conflict !== undefined) {
        conflicts.push(conflict)
        continue
      }
      await this.checkpoint.journal({ event: 'undone', step: at })
      this.status(at, 'undone')
    }
    if (conflicts.length > 0) {
      await this.checkpoint.writeManifest({ ...(await this.checkpoint.manifest()), state: 'rolled-back' })
    }
    await this.checkpoint.journal({ event: 'state', state: 'rolled-back' })
    if (conflicts.length === 0) {
      await this.checkpoint.remove()
      await removeEmptyState(this.host)
    }
    const status = conflicts.length === 0 ? 'rolled-back' : 'rolled-back-with-conflicts'
    return { ...this.result(conflicts), status, failure }
  }

  private async finish(): Promise<void> {
    const trees = this.steps.flatMap((step) => (step.kind === 'remove-tree' ? [step.path] : []))
    const noTrace = this.options.leaveNoTrace ?? false
    await this.checkpoint.journal({ event: 'state', state: 'finishing', trees, noTrace })
    await finishChange(this.host, this.checkpoint, { trees, noTrace })
    for (const [at, step] of this.steps.entries()) if (step.kind === 'remove-tree') this.status(at, 'done')
  }

  private status(at: number, status: StepStatus, detail?: string): void {
    this.statuses[at] = status
    const step = this.steps[at]
    if (step) this.options.events?.step?.(step, status, detail)
  }

  private result(conflicts: readonly string[]) {
    const steps = this.steps.flatMap(({ id, title, ...step }, at) =>
      step.kind === 'run' && step.argv.length === 0
        ? []
        : [{ id, title, status: this.statuses[at] ?? 'pending' }],
    )
    return {
      checkpoint: this.options.leaveNoTrace ? '' : this.checkpoint.id,
      steps,
      proof: this.proof,
      conflicts,
    }
  }
}

/** Throws GreyctlError('edited-meanwhile') for a file that is not what the plan was made from. */
async function assertAsPlanned(host: Host, step: FileStep): Promise<void> {
  if (hashOf(await host.read(step.path)) === step.before) return
  throw new GreyctlError('edited-meanwhile', 'somebody changed this file since the plan was made', {
    where: step.path,
    hints: ['run the command again: it will start from the file as it is now'],
  })
}

/** Twice what is written, and a mebibyte for the store to begin with. */
async function assertSpace(host: Host, steps: readonly Step[]): Promise<void> {
  const bytes = steps.reduce(
    (sum, step) => sum + (step.kind === 'file' && step.after !== 'absent' ? step.after.length : 0),
    1024 * 1024,
  )
  const places = new Set([STATE_DIR, ...steps.flatMap((step) => ('path' in step ? [step.path] : []))])
  for (const place of places) {
    if ((await host.freeBytes(place)) >= 2 * bytes) continue
    const back = (await checkpointIds(host)).length > 0
    throw new GreyctlError('no-space', 'not enough room on this file system', {
      where: place,
      hints: [
        `make ${Math.ceil((2 * bytes) / 1024 / 1024)} MiB free there and run it again`,
        ...(back ? ['greyctl rollback, which takes the last change back, needs no room'] : []),
      ],
    })
  }
}

async function record(host: Host, step: Step, at: number): Promise<RecordedStep> {
  const { id, title, kind } = step
  switch (step.kind) {
    case 'file': {
      const name = `files/${String(at).padStart(2, '0')}-${step.path.replace(/^.*\//, '')}`
      const after = step.after === 'absent' ? 'absent' : hashOf(step.after)
      const saved = step.before === 'absent' ? {} : { saved: name }
      const wrote = step.after === 'absent' ? {} : { wrote: `${name}.after` }
      return { id, title, kind, path: step.path, before: step.before, after, ...saved, ...wrote }
    }
    case 'directory': {
      const now = await host.stat(step.path)
      const meta = now ? { uid: now.uid, gid: now.gid, mode: now.mode } : step.meta
      return { id, title, kind, path: step.path, directory: { existed: now !== undefined, meta } }
    }
    case 'run': {
      const { argv, undo, accept, timeout } = step
      const more = {
        ...(undo ? { undo } : {}),
        ...(accept ? { accept } : {}),
        ...(timeout ? { timeout } : {}),
      }
      return { id, title, kind, argv, ...more }
    }
    case 'remove-tree':
      return { id, title, kind, path: step.path }
    case 'prove':
      return { id, title, kind }
  }
}

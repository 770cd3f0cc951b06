import { Flags } from '@oclif/core'
import { GreyctlCommand, interruption } from './base-command.js'
import { applyPlan } from './change/apply.js'
import { planDiff } from './change/diff.js'
import type { ApplyResult, Plan, Prover } from './change/plan.js'
import { recoverInterrupted } from './change/recover.js'
import { GreyctlError } from './errors.js'
import type { Host } from './host/host.js'
import { removeCandidate } from './postfix/candidate.js'
import { CANDIDATE_DIR } from './setup/names.js'
import { renderDiff, shortenNewFiles } from './ui/diff.js'
import { escapeLines } from './ui/escape.js'
import { printErr } from './ui/print.js'
import { Progress } from './ui/progress.js'
import { askConfirm } from './ui/prompts.js'

export interface ChangeRequest {
  readonly plan: Plan
  readonly prove?: (progress: Progress) => Prover
  /** Shown before the question. */
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
  readonly question: string
  readonly leaveNoTrace?: boolean
}

export interface ChangeFlags {
  readonly yes: boolean
  readonly 'dry-run'?: boolean | undefined
}

export type Carried =
  | { readonly status: 'unchanged' }
  | { readonly status: 'planned' | 'declined'; readonly diff: string }
  | { readonly status: 'applied'; readonly diff: string; readonly result: ApplyResult }

/** A command that changes the machine: recover, show, ask, apply with progress, or say why everything was put back. */
export abstract class ChangeCommand extends GreyctlCommand {
  static changeFlags = {
    yes: Flags.boolean({ char: 'y', description: 'no questions' }),
    'dry-run': Flags.boolean({ description: 'print the diff and the commands, change nothing' }),
  }

  /** A change that a crash or a power cut interrupted is undone before anything else. */
  protected async recover(host: Host): Promise<void> {
    const { recovered, completed, conflicts } = await recoverInterrupted(host)
    await removeCandidate(host, CANDIDATE_DIR)
    for (const id of recovered) printErr(`greyctl: undid ${id}, which had been interrupted`)
    for (const id of completed)
      printErr(`greyctl: completed the rollback of ${id}, which had been interrupted`)
    for (const path of conflicts) {
      printErr(`greyctl: ${path} was edited since and stays as it is: compare it by hand`)
    }
  }

  protected async carryOut(host: Host, request: ChangeRequest, flags: ChangeFlags): Promise<Carried> {
    if (request.plan.steps.length === 0) return { status: 'unchanged' }
    const diff = await planDiff(host, request.plan)
    if (flags['dry-run']) return { status: 'planned', diff }
    this.present(request, flags.yes ? '' : diff)
    if (!flags.yes) {
      if (!(await askConfirm(this.terminal, request.question, '--yes'))) return { status: 'declined', diff }
    }
    const result = await this.apply(host, request)
    return { status: 'applied', diff, result }
  }

  private present(request: ChangeRequest, diff: string): void {
    const { style } = this.terminal
    if (diff !== '') printErr(`${renderDiff(shortenNewFiles(diff), style)}\n`)
    for (const note of request.notes) printErr(escapeLines(note))
    for (const warning of request.warnings) printErr(`${style.yellow('warning:')} ${escapeLines(warning)}`)
  }

  private async apply(host: Host, request: ChangeRequest): Promise<ApplyResult> {
    const progress = new Progress(this.terminal)
    const prove = request.prove?.(progress)
    const result = await applyPlan(host, request.plan, {
      signal: interruption(),
      ...(prove ? { prove } : {}),
      ...(request.leaveNoTrace ? { leaveNoTrace: true } : {}),
      events: {
        step: (step, status, detail) => {
          if (step.kind === 'run' && step.argv.length === 0) return
          if (status === 'running') progress.start(step.title)
          if (status === 'done') progress.done(step.title)
          if (status === 'failed') progress.failed(step.title, detail)
          if (status === 'undone') progress.undone(step.title)
        },
      },
    })
    if (result.status !== 'applied') throw rolledBack(request.plan, result)
    return result
  }
}

/** The failure itself, with what became of the machine. */
function rolledBack(plan: Plan, result: ApplyResult): GreyctlError {
  const { failure, conflicts } = result
  const state =
    conflicts.length === 0
      ? 'everything was put back as it was'
      : `put back, except for these, which were edited meanwhile or could not be written: ${conflicts.join(', ')}`
  const failed = result.proof.filter(({ ok }) => ok === false)
  const proof = failed.map((item) => `${item.case}: expected ${item.expected}, the answer was ${item.answer}`)
  const known = failure instanceof GreyctlError ? failure : undefined
  return new GreyctlError(known?.code ?? 'change-failed', `${plan.title}: ${failure?.message ?? 'failed'}`, {
    hints: [...proof, ...(known?.hints ?? []), state],
    ...(known?.where === undefined ? {} : { where: known.where }),
    cause: failure,
  })
}

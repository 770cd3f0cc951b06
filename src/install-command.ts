import { type Carried, ChangeCommand, type ChangeFlags } from './change-command.js'
import type { Host } from './host/host.js'
import type { PreparedInstall } from './setup/install.js'
import { installProver } from './setup/prover.js'
import { installDocument, renderInstall } from './ui/install.js'

/** A command that ends in an install of other choices: shown, asked, proven, put back when it fails. */
export abstract class InstallCommand extends ChangeCommand {
  protected carryInstall(
    host: Host,
    { planned, choices }: PreparedInstall,
    question: string,
    flags: ChangeFlags,
  ): Promise<Carried> {
    return this.carryOut(
      host,
      {
        plan: planned.plan,
        prove: (progress) =>
          installProver(host, {
            candidates: planned.candidates,
            choices,
            waiting: (left) => progress.detail(`waiting for the retry, ${left} s left`),
          }),
        notes: planned.notes,
        warnings: planned.warnings,
        question,
      },
      flags,
    )
  }

  protected finishInstall(carried: Carried, prepared: PreparedInstall): void {
    this.finish({
      text: renderInstall(carried, prepared, this.terminal),
      json: installDocument(carried, prepared),
    })
  }
}

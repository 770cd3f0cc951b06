import { Args, Flags } from '@oclif/core'
import { listCheckpoints, rollbackCheckpoint, showCheckpoint } from '../change/rollback.js'
import { ChangeCommand } from '../change-command.js'
import { assertRoot } from '../setup/checks.js'
import { renderCheckpoint, renderCheckpoints, renderRollback } from '../ui/checkpoints.js'
import { renderDiff } from '../ui/diff.js'
import { Progress } from '../ui/progress.js'
import { askConfirm } from '../ui/prompts.js'

export default class Rollback extends ChangeCommand {
  static override summary = 'put the machine back as it was before a change'
  static override description =
    `Restores a checkpoint in /var/lib/greyctl/checkpoints: the latest change, or the one named. Edits
that were made after the change are kept; where they touch the same lines it refuses, with the diff, and --force restores
the file all the same. Needs no healthy Postfix. Where greyctl itself cannot run: sh restore.sh in the checkpoint.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --list',
    '<%= config.bin %> <%= command.id %> 20261124T034500Z-install',
  ]
  static override args = {
    checkpoint: Args.string({ ignoreStdin: true, description: 'a name from --list (default: the latest)' }),
  }
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'no questions' }),
    list: Flags.boolean({ description: 'show the checkpoints and change nothing' }),
    show: Flags.boolean({ description: 'show what the change did, and change nothing' }),
    force: Flags.boolean({ description: 'restore files that were edited after the change, too' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rollback)
    const host = await this.host(flags)
    assertRoot(host, 'rollback')
    await this.recover(host)
    const { style } = this.terminal
    if (flags.list) {
      const checkpoints = await listCheckpoints(host)
      this.finish({ text: renderCheckpoints(checkpoints, style), json: { checkpoints } })
      return
    }
    if (flags.show) {
      const { manifest, diff } = await showCheckpoint(host, args.checkpoint)
      this.finish({
        text: renderCheckpoint(manifest, renderDiff(diff, style), style),
        json: { ...manifest, diff },
      })
      return
    }
    const question = `Put everything back as it was before ${args.checkpoint ?? 'the latest change'}?`
    if (!flags.yes && !(await askConfirm(this.terminal, question, '--yes'))) {
      this.finish({ text: 'nothing was changed', json: { changed: false } })
      return
    }
    const progress = new Progress(this.terminal)
    const result = await rollbackCheckpoint(host, args.checkpoint, {
      force: flags.force ?? false,
      undone: (title) => progress.undone(title),
    })
    this.finish({ text: renderRollback(result, style), json: { changed: true, ...result } })
  }
}

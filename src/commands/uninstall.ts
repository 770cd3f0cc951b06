import { Flags } from '@oclif/core'
import { ChangeCommand } from '../change-command.js'
import { assertRoot } from '../setup/checks.js'
import { prepareUninstall } from '../setup/uninstall.js'
import { planUninstall } from '../setup/uninstall-plan.js'
import { renderUninstall, uninstallDocument } from '../ui/install.js'

export default class Uninstall extends ChangeCommand {
  static override summary = 'take greylisting out again, without a trace'
  static override description =
    `Takes out exactly what install put in, also when files were edited since: your edits stay. Works on a
Postfix that is broken or does not run. postgrey is again what it was: its options come back, and a package that
install brought goes with its triplets. Several instances of Postfix that ask are all taken back; with --config-dir only that one.
--keep-data leaves the triplets, and what holds them, for a later install.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --keep-data --yes',
  ]
  static override flags = {
    ...ChangeCommand.changeFlags,
    'keep-data': Flags.boolean({
      description: 'leave the triplets in /var/lib/greyctl, or those of postgrey',
    }),
    'keep-package': Flags.boolean({
      description: 'leave the package postgrey, stopped, where install brought it',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Uninstall)
    const host = await this.host(flags)
    assertRoot(host, 'uninstall')
    await this.recover(host)
    const named = this.namedConfigDir(flags)
    const facts = await prepareUninstall(host, named)
    const keepData = flags['keep-data'] ?? false
    const planned = planUninstall(facts, {
      thisInstance: named !== undefined,
      keepData,
      keepPackage: flags['keep-package'] ?? false,
    })
    const { plan, kept, left } = planned
    const carried = await this.carryOut(
      host,
      {
        plan,
        notes: [],
        warnings: kept.map((path) => `${path} was edited and stays`),
        question: 'Take greylisting out?',
        leaveNoTrace: !keepData && left.length === 0,
      },
      flags,
    )
    this.finish({
      text: renderUninstall(carried, planned, this.terminal.style),
      json: uninstallDocument(carried, planned),
    })
  }
}

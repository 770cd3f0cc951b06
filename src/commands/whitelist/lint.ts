import { resolve } from 'node:path'
import { Args } from '@oclif/core'
import { GreyctlCommand } from '../../base-command.js'
import { daemonOptions } from '../../daemon-options.js'
import { logFlags, sinceOf } from '../../log-command.js'
import { ClientsSeen } from '../../maillog/clients.js'
import { readLog } from '../../maillog/read.js'
import { lintWhitelists } from '../../setup/lint-lists.js'
import { renderLint } from '../../ui/lint.js'

export default class WhitelistLint extends GreyctlCommand {
  static override summary =
    'what is wrong with whitelists: entries that never match, match too much, or say nothing new'
  static override description =
    `Without a name, the lists that the daemon reads; a file whose name has "recipient" in it is a list of recipients. Lists of
postgrey's are in the same format. With --log, also entries for names and networks that no client of the log had.
Changes nothing. Exits 1 for a warning, 0 for remarks alone.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> /etc/postgrey/whitelist_clients',
    '<%= config.bin %> <%= command.id %> --log /var/log/mail.log',
  ]
  static override strict = false
  static override args = {
    FILE: Args.string({ ignoreStdin: true, description: 'lists in the format of postgrey' }),
  }
  static override flags = logFlags

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(WhitelistLint)
    const host = await this.host(flags)
    const options = await daemonOptions(host)
    const asksLog = flags.log !== undefined || flags.journal
    const seen = new ClientsSeen()
    if (asksLog) {
      const which = { files: flags.log ?? [], journal: flags.journal, configDir: this.configDir(flags) }
      await readLog(host, { ...which, since: sinceOf(flags.since, host.now()) }, ({ event }) =>
        seen.add(event),
      )
    }
    const lint = await lintWhitelists(host, {
      files: (argv as string[]).map((file) => resolve(file)),
      daemonClients: options.clientFiles,
      daemonRecipients: options.recipientFiles,
      seen: asksLog ? seen.all() : undefined,
    })
    const warns = lint.findings.some(({ severity }) => severity === 'warning')
    this.finish({ text: renderLint(lint, this.terminal.style), json: lint, exitCode: warns ? 1 : 0 })
  }
}

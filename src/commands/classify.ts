import { Args, Flags } from '@oclif/core'
import { GreyctlCommand } from '../base-command.js'
import { GreyctlError } from '../errors.js'
import { logFlag } from '../log-command.js'
import { ClientCounts } from '../maillog/clients.js'
import { readLog } from '../maillog/read.js'
import { classify } from '../setup/classify.js'
import { renderClassify } from '../ui/classify.js'

export default class Classify extends GreyctlCommand {
  static override summary =
    'would selective greylisting check these clients, and which line of the table says so'
  static override description =
    `Asks the table of this server (check_client_greylist beside main.cf), or where there is none the one that greyctl
brings. A name counts only where Postfix verified it; all other clients are called "unknown".
With --log, all clients of that log are classified, with the number of their mails; without a name, those of the log
where this host keeps it.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> mail.example.org dsl-192-0-2-17.provider.example unknown',
    '<%= config.bin %> <%= command.id %> --log /var/log/mail.log',
  ]
  static override strict = false
  static override args = {
    HOST: Args.string({ ignoreStdin: true, description: 'verified names of clients' }),
  }
  static override flags = {
    log: logFlag('classify the clients of this log, packed or not; may be repeated'),
    table: Flags.string({ description: 'ask this regexp table instead', helpValue: 'FILE' }),
  }

  async run(): Promise<void> {
    const { flags, argv } = await this.parse(Classify)
    const host = await this.host(flags)
    const names = argv as string[]
    if (names.length > 0 && flags.log !== undefined) {
      throw new GreyctlError('usage', 'names or --log, not both', { hints: ['see greyctl classify --help'] })
    }
    const configDir = this.configDir(flags)
    const counts = new ClientCounts()
    if (names.length === 0) {
      await readLog(host, { files: flags.log ?? [], configDir }, ({ event, repeat }) =>
        counts.add(event, repeat),
      )
    }
    const hosts = names.length > 0 ? names.map((name) => ({ name })) : counts.list()
    const found = await classify(host, await this.host({}), { configDir, table: flags.table, hosts })
    this.finish({ text: renderClassify(found, this.terminal.style), json: found })
  }
}

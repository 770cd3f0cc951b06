import { gatherStatus, isWell } from '../status.js'
import { StoreCommand } from '../store-command.js'
import { renderStatus, statusDocument } from '../ui/status.js'

export default class Status extends StoreCommand {
  static override summary = 'one screen: backend, service, endpoint, Postfix, store, last decisions'
  static override description =
    `Asks the greylister a request that leaves no record, and looks at main.cf, the store and the last hour of the mail log.
Exits 0 when greylisting is in and answers, 1 when it is not. greyctl doctor looks closer.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override flags = StoreCommand.storeFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(Status)
    const host = await this.host(flags)
    const status = await gatherStatus(host, {
      configDir: this.namedConfigDir(flags),
      query: () => this.query(host, flags),
      controlDirectory: () => this.controlDirectory(host, flags),
    })
    this.finish({
      text: renderStatus(status, Math.floor(host.now()), this.terminal.style),
      json: statusDocument(status),
      exitCode: isWell(status) ? 0 : 1,
    })
  }
}

import { summarize } from '../../store/query.js'
import { StoreCommand } from '../../store-command.js'
import { renderSummary, summaryDocument } from '../../ui/store.js'

export default class StoreStats extends StoreCommand {
  static override summary = 'how much the daemon remembers, and of what kind'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']
  static override flags = StoreCommand.storeFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(StoreStats)
    const query = await this.query(await this.host(flags), flags)
    const summary = await summarize(query)
    this.finish({
      text: renderSummary(summary, query.now, this.terminal.style),
      json: summaryDocument(summary),
    })
  }
}

import { Flags } from '@oclif/core'
import { exportStore } from '../../migration/export.js'
import { StoreCommand } from '../../store-command.js'
import { renderExport } from '../../ui/store.js'

export default class StoreExport extends StoreCommand {
  static override summary = 'write down everything the daemon remembers'
  static override description =
    `A line of JSON a record, which store import takes again (docs/operations.md has the format). With --to postgrey,
tables for postgrey in the directory named by --output, made with db5.3_load; postgrey must not run on them.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --output /root/triplets.jsonl',
    '<%= config.bin %> <%= command.id %> --to postgrey --output /var/lib/postgrey',
  ]
  static override flags = {
    ...StoreCommand.storeFlags,
    to: Flags.option({
      options: ['greyctl', 'postgrey'] as const,
      default: 'greyctl',
      description: 'for whom',
    })(),
    output: Flags.string({
      char: 'o',
      description: 'file, or for postgrey its directory',
      required: true,
      helpValue: 'PATH',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(StoreExport)
    const host = await this.host(flags)
    const result = await exportStore(host, await this.query(host, flags), flags)
    this.finish({ text: renderExport(result, this.terminal.style), json: result })
  }
}

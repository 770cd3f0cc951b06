import { Args, Flags } from '@oclif/core'
import { importStore } from '../../migration/import.js'
import { StoreCommand } from '../../store-command.js'
import { renderImport } from '../../ui/store.js'

export default class StoreImport extends StoreCommand {
  static override summary = 'take in what another greylister, or an export, knows'
  static override description =
    `Nobody who has passed there is deferred again. Records are merged with those that are there: it may run twice, and
while the daemon and postgrey run. The other greylister's files are only read.
postgrey: needs db5.3-util. sqlgrey: its SQLite file (needs sqlite3), or a dump of pg_dump or mysqldump.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --from postgrey',
    '<%= config.bin %> <%= command.id %> --from sqlgrey --dbdir /root/sqlgrey.sql',
    '<%= config.bin %> <%= command.id %> /root/triplets.jsonl',
  ]
  static override args = { file: Args.string({ ignoreStdin: true, description: 'an export of greyctl' }) }
  static override flags = {
    ...StoreCommand.storeFlags,
    from: Flags.option({
      options: ['greyctl', 'postgrey', 'sqlgrey'] as const,
      description: 'whose records',
    })(),
    dbdir: Flags.string({
      description: 'where they are (default: /var/lib/postgrey, /var/lib/sqlgrey/sqlgrey.db)',
      helpValue: 'PATH',
    }),
    'postgrey-delay': Flags.integer({
      description: "postgrey's --delay (default: as /etc/default/postgrey says, else 300)",
      min: 1,
      helpValue: 'SECONDS',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StoreImport)
    const host = await this.host(flags)
    const imported = await importStore(host, await this.query(host, flags), {
      from: flags.from ?? 'greyctl',
      path: args.file ?? flags.dbdir,
      postgreyDelay: flags['postgrey-delay'],
    })
    this.finish({ text: renderImport(imported, this.terminal.style), json: imported })
  }
}

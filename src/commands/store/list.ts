import { Flags } from '@oclif/core'
import type { Known } from '../../store/known.js'
import { listRecords } from '../../store/query.js'
import { StoreCommand } from '../../store-command.js'
import { listingDocument, renderListing } from '../../ui/store.js'

const STATES = ['waiting', 'due', 'passed', 'counting', 'whitelisted', 'expected', 'expired'] as const

export default class StoreList extends StoreCommand {
  static override summary = 'list what the daemon remembers'
  static override description =
    `Triplets of client network, sender and recipient, and clients on their way to the automatic whitelist:
waiting (too early), due (the next try passes), passed, counting and whitelisted (clients), expected (greyctl expect), expired. The daemon may run.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --state waiting',
    '<%= config.bin %> <%= command.id %> --type client --json',
  ]
  static override flags = {
    ...StoreCommand.storeFlags,
    state: Flags.option({ options: STATES, description: 'only these; may be repeated', multiple: true })(),
    type: Flags.option({
      options: ['triplet', 'client', 'expected'] as const,
      description: 'only these',
    })(),
    limit: Flags.integer({ description: 'show so many', default: 50, min: 1, helpValue: 'N' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(StoreList)
    const query = await this.query(await this.host(flags), flags)
    const wanted = (known: Known) =>
      (flags.state?.includes(known.state) ?? true) && (flags.type ?? known.type) === known.type
    const listing = await listRecords(query, wanted, flags.limit)
    this.finish({
      text: renderListing(listing, query.now, this.terminal.style),
      json: listingDocument(listing),
    })
  }
}

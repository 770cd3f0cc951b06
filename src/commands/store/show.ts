import { Args, Flags } from '@oclif/core'
import { findRecords } from '../../store/query.js'
import { StoreCommand } from '../../store-command.js'
import { listingDocument, renderShown } from '../../ui/store.js'

export default class StoreShow extends StoreCommand {
  static override summary =
    'what is known of a client, a mail address or a domain, and when the next try passes'
  static override description =
    `A mail address is looked for as sender and as recipient, a client by its address, its network and its pools. With
sender and recipient after the client, one triplet. A private store (--privacy) holds hashes: it knows clients, and
triplets by all three; greyctl why takes them from the log.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> 192.0.2.25',
    '<%= config.bin %> <%= command.id %> alice@example.org --json',
    '<%= config.bin %> <%= command.id %> @example.org',
    '<%= config.bin %> <%= command.id %> 192.0.2.25 alice@example.org bob@example.com',
  ]
  static override args = {
    subject: Args.string({
      ignoreStdin: true,
      description: 'a client, a mail address or a domain',
      required: true,
    }),
    ...StoreCommand.mailArgs,
  }
  static override flags = {
    ...StoreCommand.storeFlags,
    limit: Flags.integer({ description: 'show so many', default: 50, min: 1, helpValue: 'N' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StoreShow)
    const query = await this.query(await this.host(flags), flags)
    const subject = this.wanted(args.subject, query, args)
    const listing = await findRecords(query, subject, flags.limit)
    const question = { text: args.subject, now: query.now, ...query.rules }
    this.finish({
      text: renderShown(listing, question, this.terminal.style) + this.secrecy(query, subject),
      json: { ...(listingDocument(listing) as object), private: query.seal !== undefined },
    })
  }
}

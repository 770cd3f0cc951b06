import { Args, Flags } from '@oclif/core'
import { GreyctlError } from '../../errors.js'
import { forget } from '../../store/query.js'
import { StoreCommand } from '../../store-command.js'
import { recordDocument, renderForgotten } from '../../ui/store.js'

export default class StoreForget extends StoreCommand {
  static override summary = 'forget a client, a mail address or a domain: its next mail is a first one'
  static override description =
    `Acts at once; the daemon need not be restarted, and may be stopped. With sender and recipient after the client, one
triplet: a private store (--privacy) knows a mail by all three only.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> 192.0.2.25',
    '<%= config.bin %> <%= command.id %> @example.org',
    '<%= config.bin %> <%= command.id %> 192.0.2.25 alice@example.org bob@example.com',
  ]
  static override args = {
    subject: Args.string({ ignoreStdin: true, description: 'a client, a mail address or a domain' }),
    ...StoreCommand.mailArgs,
  }
  static override flags = {
    ...StoreCommand.storeFlags,
    all: Flags.boolean({ description: 'forget everything' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StoreForget)
    if ((args.subject === undefined) !== (flags.all ?? false)) {
      throw new GreyctlError('usage', 'say whom to forget, or --all', {
        hints: ['greyctl store forget 192.0.2.25'],
      })
    }
    const query = await this.query(await this.host(flags), flags)
    const subject = args.subject ? this.wanted(args.subject, query, args) : undefined
    const removed = await forget(query, subject)
    this.finish({
      text: renderForgotten(removed, this.terminal.style) + this.secrecy(query, subject),
      json: {
        removed: removed.length,
        records: removed.slice(0, 1000).map(recordDocument),
        private: query.seal !== undefined,
      },
    })
  }
}

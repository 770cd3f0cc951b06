import { Args } from '@oclif/core'
import { GreyctlError } from '../../errors.js'
import { allow } from '../../store/query.js'
import { StoreCommand } from '../../store-command.js'
import { recordDocument, renderAllowed } from '../../ui/store.js'

export default class StoreAllow extends StoreCommand {
  static override summary =
    'let the next mail of a client, or what waits of a mail address or domain, pass at once'
  static override description =
    `A client counts as one that has earned the automatic whitelist. Of a mail address or a domain, each triplet that waits
counts as one that has passed; a mail that never came is not known, and waits as any other. Acts at once. With sender and
recipient after the client, one triplet: a private store (--privacy) knows a mail by all three only.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> 192.0.2.25',
    '<%= config.bin %> <%= command.id %> alice@example.org',
  ]
  static override args = {
    subject: Args.string({
      ignoreStdin: true,
      description: 'a client, a mail address or a domain',
      required: true,
    }),
    ...StoreCommand.mailArgs,
  }
  static override flags = StoreCommand.storeFlags

  async run(): Promise<void> {
    const { args, flags } = await this.parse(StoreAllow)
    const query = await this.query(await this.host(flags), flags)
    const subject = this.wanted(args.subject, query, args)
    if (subject.kind === 'client' && query.rules.autoWhitelist === 0) {
      throw new GreyctlError(
        'unsupported',
        'the daemon has no automatic whitelist (--auto-whitelist-clients=0)',
        {
          hints: [
            `add ${subject.address} to /etc/greyctl/whitelist_clients.local, then systemctl reload greyctl`,
          ],
        },
      )
    }
    const allowed = await allow(query, subject)
    this.finish({
      text: renderAllowed(allowed, args.subject, this.terminal.style) + this.secrecy(query, subject),
      json: {
        client: allowed.client ?? null,
        triplets: allowed.triplets.map(recordDocument),
        private: query.seal !== undefined,
      },
    })
  }
}

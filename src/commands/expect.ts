import { Args, Flags } from '@oclif/core'
import { audit, userName, whoAsks } from '../audit.js'
import { GreyctlError } from '../errors.js'
import {
  cancelExpectations,
  expectMail,
  type KnownExpectation,
  listExpectations,
} from '../store/expectations.js'
import { readExpectation, readTime } from '../store/said.js'
import { StoreCommand } from '../store-command.js'
import {
  expectationDocument,
  expectationText,
  renderCancelled,
  renderExpectations,
  renderExpected,
  type Told,
} from '../ui/expect.js'

type Context = {
  readonly host: Parameters<typeof whoAsks>[0]
  readonly query: Parameters<typeof listExpectations>[0]
}

export default class Expect extends StoreCommand {
  static override summary = 'an express lane: mail of this sender is not greylisted for a while'
  static override description =
    `For a code or a confirmation that must not wait. Acts at once, in the running daemon, and ends by itself. Greylisting
alone is spared: every other check of Postfix stays, and nothing is remembered of such mail. Bounces are never expected.
Who said it, when and until when is in the store (--list) and in the mail log.
A sender's address is no proof, everybody can write one: --verified expects the mail from the sender's own servers only,
by their verified names or the domain's SPF record.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> noreply@shop.example',
    '<%= config.bin %> <%= command.id %> @bank.example --for 2h --to alice@example.org --verified',
    '<%= config.bin %> <%= command.id %> --list',
    '<%= config.bin %> <%= command.id %> noreply@shop.example --cancel',
  ]
  static override args = {
    sender: Args.string({
      ignoreStdin: true,
      description: 'a mail address, or @domain for all of it and below',
    }),
  }
  static override flags = {
    ...StoreCommand.storeFlags,
    for: Flags.string({
      description: 'how long: 90s, 15m, 2h, at most 7d',
      default: '15m',
      helpValue: 'TIME',
    }),
    to: Flags.string({ description: 'for this recipient, or @domain, only', helpValue: 'RECIPIENT' }),
    verified: Flags.boolean({ description: "only from the sender's own servers" }),
    list: Flags.boolean({ description: 'what is expected now', exclusive: ['cancel', 'to', 'verified'] }),
    cancel: Flags.boolean({ description: 'expect it no longer', exclusive: ['verified'] }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Expect)
    const host = await this.host(flags)
    const query = await this.query(host, flags)
    if ((args.sender === undefined) !== (flags.list ?? false)) {
      throw new GreyctlError('usage', 'say whose mail is expected, or --list', {
        hints: ['greyctl expect noreply@shop.example'],
      })
    }
    if (args.sender === undefined) return this.list({ host, query })
    const about = readExpectation(args.sender, flags.to)
    if (flags.cancel)
      return this.cancel({ host, query }, about.sender, flags.to === undefined ? undefined : about.recipient)
    if (flags.verified && query.identity === 'subnet') {
      throw new GreyctlError(
        'unsupported',
        '--verified needs to know whose servers are whose, and the daemon runs with --identity=subnet',
      )
    }
    const { uid, name } = await whoAsks(host)
    const said = { by: uid, verified: flags.verified === true }
    const told = { ...(await expectMail(query, about, readTime(flags.for), said)), name }
    const trouble = await audit(host, `expect: ${expectationText(told)}`)
    this.finish({
      text: renderExpected(told, query.now, trouble, this.terminal.style),
      json: { expected: expectationDocument(told), logged: trouble === undefined },
    })
  }

  private async list({ host, query }: Context): Promise<void> {
    const all = await withNames(host, await listExpectations(query))
    this.finish({
      text: renderExpectations(all, query.now, this.terminal.style),
      json: { expected: all.map(expectationDocument) },
    })
  }

  private async cancel(
    { host, query }: Context,
    sender: string,
    recipient: string | undefined,
  ): Promise<void> {
    const gone = await withNames(host, await cancelExpectations(query, sender, recipient))
    const { name } = await whoAsks(host)
    for (const told of gone) await audit(host, `expect cancelled by ${name}: ${expectationText(told)}`)
    this.finish({
      text: renderCancelled(gone, query.seal !== undefined, this.terminal.style),
      json: { cancelled: gone.map(expectationDocument) },
    })
  }
}

async function withNames(host: Context['host'], all: readonly KnownExpectation[]): Promise<readonly Told[]> {
  return Promise.all(all.map(async (one) => ({ ...one, name: await userName(host, one.by) })))
}

import { Args, Flags } from '@oclif/core'
import { GreyctlError } from '../errors.js'
import { logFlags, sinceOf } from '../log-command.js'
import { historyOf, isQueueId, type MailHistory, type MailQuestion } from '../maillog/why.js'
import type { Mail, Subject } from '../store/known.js'
import { findRecords, type Listing, type Query } from '../store/query.js'
import { placeName } from '../store/where.js'
import { StoreCommand } from '../store-command.js'
import { escapeText } from '../ui/escape.js'
import { listingDocument, renderShown } from '../ui/store.js'
import { historyDocument, renderHistory } from '../ui/why.js'

export default class Why extends StoreCommand {
  static override summary =
    'the whole story of a mail: each try, what was decided, and when the next one passes'
  static override description =
    `Reads the mail log as greyctl verify does, for a mail address (sender or recipient), a domain or a client's name, a client's
address or a queue id, and tells each try in order, what decided, how long it waited and where it went; then what the daemon remembers
now, and the command that lets the mail in at once. Nothing is changed. Exits 0, or 4 when nothing is known.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> alice@example.org',
    '<%= config.bin %> <%= command.id %> 192.0.2.25 --since yesterday',
    '<%= config.bin %> <%= command.id %> 907D61C01A1',
  ]
  static override args = {
    subject: Args.string({
      ignoreStdin: true,
      description: 'a mail address, a domain, a client or a queue id',
      required: true,
    }),
  }
  static override flags = {
    ...logFlags,
    ...StoreCommand.storeFlags,
    limit: Flags.integer({
      description: 'records of the store to show',
      default: 20,
      min: 1,
      helpValue: 'N',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Why)
    const host = await this.host(flags)
    const query = await this.query(host, flags)
    const subject = isQueueId(args.subject) ? undefined : this.subject(args.subject, query, true)
    const options = {
      files: flags.log ?? [],
      journal: flags.journal,
      since: sinceOf(flags.since, host.now()),
      configDir: this.configDir(flags),
    }
    const history = await historyOf(host, options, questionOf(args.subject, subject))
    const asked = subject ?? senderOf(history)
    const remembered = asked && (await this.remembered(query, asked, history, flags.limit))
    const found = history.moments.length > 0 || (remembered?.listing?.total ?? 0) > 0
    this.finish({
      text: [
        renderHistory(history, this.terminal.style),
        '',
        this.memory(remembered, args.subject, query, history),
      ].join('\n'),
      json: {
        subject: args.subject,
        ...historyDocument(history),
        known: remembered?.listing ? listingDocument(remembered.listing) : null,
        release: asked ? releaseOf(asked, query, history) : null,
      },
      exitCode: found ? 0 : 4,
    })
  }

  /** A store that is not there, or not ours to read, takes nothing from the log's story. */
  private async remembered(
    query: Query,
    subject: Subject,
    history: MailHistory,
    limit: number,
  ): Promise<Remembered> {
    try {
      return { subject, listing: await findRecords(query, subject, limit, mailsOf(history)) }
    } catch (error) {
      if (!(error instanceof GreyctlError)) throw error
      return { subject, trouble: `${error.where ?? placeName(query.store)}: ${error.message}` }
    }
  }

  private memory(
    remembered: Remembered | undefined,
    text: string,
    query: Query,
    history: MailHistory,
  ): string {
    if (remembered === undefined) return 'its sender is not known, so the daemon was not asked'
    const release = `\n\nto let it in at once: ${escapeText(releaseOf(remembered.subject, query, history))}`
    if (remembered.listing === undefined) {
      const isOut = history.moments.at(-1)?.what === 'deferred'
      return `what the daemon remembers cannot be read: ${remembered.trouble}${isOut ? release : ''}`
    }
    const shown = renderShown(
      remembered.listing,
      { text, now: query.now, ...query.rules },
      this.terminal.style,
    )
    const waits = remembered.listing.records.some(({ state }) => state === 'waiting')
    return waits ? `${shown}${release}` : shown
  }
}

interface Remembered {
  readonly subject: Subject
  readonly listing?: Listing
  readonly trouble?: string
}

function questionOf(text: string, subject: Subject | undefined): MailQuestion {
  if (subject === undefined) return { kind: 'queue-id', id: text }
  // the store has bytes as latin1, the log is text
  return subject.kind === 'mailbox'
    ? { ...subject, mailbox: recoded(subject.mailbox, 'latin1', 'utf8') }
    : subject
}

function recoded(text: string, from: BufferEncoding, to: BufferEncoding): string {
  return Buffer.from(text, from).toString(to)
}

/** All that are told of: a store whose keys are sealed knows them by their parts. */
function mailsOf({ moments }: MailHistory): Mail[] {
  return moments.flatMap(({ client, sender, recipient }) => {
    if (client === undefined || sender === undefined || recipient === undefined) return []
    return [{ client: client.address, clientName: client.name, sender, recipient }]
  })
}

function senderOf({ moments }: MailHistory): Subject | undefined {
  const sender = moments.find((moment) => moment.sender)?.sender
  return sender === undefined
    ? undefined
    : { kind: 'mailbox', mailbox: recoded(sender.toLowerCase(), 'utf8', 'latin1') }
}

/** In a store whose keys are sealed nothing is found by one part of a mail alone. */
function releaseOf(subject: Subject, { seal }: Query, { moments }: MailHistory): string {
  const deferred = seal && moments.filter(({ what }) => what === 'deferred').at(-1)
  if (deferred?.client !== undefined) {
    const { client, sender = '', recipient = '' } = deferred
    return `greyctl store allow ${[client.address, sender || '<>', recipient].map(quoted).join(' ')}`
  }
  if (subject.kind === 'client') return `greyctl store allow ${quoted(subject.address)}`
  return `greyctl store allow ${quoted(subject.kind === 'mailbox' ? recoded(subject.mailbox, 'latin1', 'utf8') : `@${subject.domain}`)}`
}

function quoted(text: string): string {
  return `'${text.replace(/'/g, `'\\''`)}'`
}

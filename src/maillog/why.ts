import ipaddr from 'ipaddr.js'
import type { Host } from '../host/host.js'
import { History, type MailFacts, type Moment } from './history.js'
import { type ReadOptions, readLog } from './read.js'
import type { Window } from './report.js'
import { normalAddress } from './triplet.js'

/** Which mails somebody asks about. */
export type MailQuestion =
  | { readonly kind: 'client'; readonly address: string }
  | { readonly kind: 'mailbox'; readonly mailbox: string }
  /** Of a sender or recipient, or the name of a client. */
  | { readonly kind: 'domain'; readonly domain: string }
  | { readonly kind: 'queue-id'; readonly id: string }

export interface MailHistory {
  readonly moments: readonly Moment[]
  /** Earlier ones that were left out. */
  readonly dropped: number
  readonly window: Window
}

/** Letters and digits, both kinds of Postfix's (postconf(5) enable_long_queue_ids); a word without a digit is none. */
export function isQueueId(text: string): boolean {
  return /^(?=.*\d)[0-9A-Za-z]{6,24}$/.test(text)
}

/**
 * What the log tells of these mails, from the first deferral to the delivery. For a queue id the log is read twice: its
 * deferrals came before it had one. Throws GreyctlError('log-unreadable').
 */
export async function historyOf(
  host: Host,
  options: ReadOptions,
  question: MailQuestion,
): Promise<MailHistory> {
  const wanted = question.kind === 'queue-id' ? await mailOf(host, options, question.id) : wants(question)
  const history = new History(wanted)
  const { window } = await readLog(host, options, (told) => history.add(told))
  return { moments: history.end(), dropped: history.dropped, window }
}

function wants(question: Exclude<MailQuestion, { kind: 'queue-id' }>): (mail: MailFacts) => boolean {
  if (question.kind === 'client') {
    const wanted = plainAddress(question.address)
    return ({ address = '' }) =>
      address === wanted || (address.includes(':') && plainAddress(address) === wanted)
  }
  const mailboxes = ({ sender, recipient }: MailFacts) =>
    [sender, recipient].map((mailbox) => normalAddress(mailbox ?? ''))
  if (question.kind === 'mailbox') {
    const wanted = normalAddress(question.mailbox)
    return (mail) => mailboxes(mail).includes(wanted)
  }
  const ends = [`@${question.domain}`, `.${question.domain}`]
  return (mail) =>
    mail.name?.toLowerCase() === question.domain ||
    mailboxes(mail).some((mailbox) => ends.some((end) => mailbox.endsWith(end)))
}

/** One spelling of an address: IPv6 is written in several ways, and IPv4 within it. */
function plainAddress(text: string): string {
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : text
}

/** Mail of the same sender to the same recipients as the message with this queue id. */
async function mailOf(host: Host, options: ReadOptions, id: string): Promise<(mail: MailFacts) => boolean> {
  const message = new History(({ queueId }) => queueId === id)
  await readLog(host, options, (told) => message.add(told))
  const pairs = new Set(message.end().map(({ sender, recipient }) => pair(sender, recipient)))
  return ({ sender, recipient, queueId }) => queueId === id || pairs.has(pair(sender, recipient))
}

function pair(sender: string | undefined, recipient: string | undefined): string {
  return `${normalAddress(sender ?? '')}\n${normalAddress(recipient ?? '')}`
}

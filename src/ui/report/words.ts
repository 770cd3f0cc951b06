import type { Mark, Report, Tally } from '../../maillog/report/shape.js'
import { duration } from '../duration.js'

/** What became of triplets, in the order in which they are shown. */
export const OUTCOMES = [
  { id: 'cameBack', words: 'came back and were accepted' },
  { id: 'elsewhere', words: 'got through from another network' },
  { id: 'waiting', words: 'may still come back' },
  { id: 'neverCameBack', words: 'never came back' },
] as const satisfies readonly { readonly id: keyof Tally; readonly words: string }[]

export const LOOKS = { legitimate: 'legitimate', unclear: 'unclear', spam: 'like spam' } as const

/** What a judgement rests on; test/ui holds this table against the marks. */
export const MARKS: Readonly<Record<Mark, string>> = {
  'network-known': 'other mail from its network was accepted',
  retried: 'tried again after a minute or more',
  'name-of-sender': "its name is of the sender's domain",
  'mail-server-name': 'is named like a mail server',
  'confirmed-name': 'has a confirmed name',
  'several-recipients': 'wrote to several recipients',
  'no-confirmed-name': 'has no confirmed name',
  'dial-up-name': 'is named like a dial-up line',
  'many-senders': 'its network used many sender domains',
}

export const JUDGEMENT =
  'Judged by the log alone: names that lead to the address and back, names like a mail server or a dial-up line, retries, and what else the network sent. SPF, DKIM and the content are not in the log.'

/** Blanks that no line may end at. */
export function lasting(seconds: number | null): string {
  return duration(seconds).replaceAll(' ', '\u00a0')
}

const NUMBER = new Intl.NumberFormat('en')

/** `1,234`. */
export function number(value: number): string {
  return NUMBER.format(value)
}

/** Whole percent, but never 0 % of some or 100 % of not all. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return '0 %'
  const share = Math.round((100 * part) / whole)
  if (share === 0 && part > 0) return 'under 1 %'
  return share === 100 && part < whole ? 'over 99 %' : `${share} %`
}

function mails(count: number, what = 'mail'): string {
  return count === 1 ? `one ${what}` : `${number(count)} ${what}s`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

function was(count: number): string {
  return count === 1 ? 'was' : 'were'
}

/** The whole report in one sentence. */
export function headline({
  counts,
  greylistingSeen,
  accepted,
  learned,
  window,
}: Pick<Report, 'counts' | 'greylistingSeen' | 'accepted' | 'learned' | 'window'>): string {
  if (counts.greylisted > 0)
    return `${capital(mails(counts.greylisted, 'first mail'))} ${was(counts.greylisted)} asked to come back.`
  if (learned > 0)
    return `Nobody was deferred: greylisting only learned, and would have deferred ${mails(learned)}.`
  if (greylistingSeen)
    return 'Nobody was deferred: the greylister was asked and let everything through at once.'
  if (window.lines === 0) return 'The log is empty.'
  return accepted === 0
    ? 'This log holds no greylisting, and no mail from strangers either.'
    : `This log holds no greylisting: ${mails(accepted)} from strangers ${was(accepted)} accepted, and none was deferred for it.`
}

/** Plain words for what greylisting cost; no line for what did not happen. */
export function costs({ counts, delay, balance, outcome, pools, neverCameBack }: Report): readonly string[] {
  const lines: string[] = []
  if (outcome.cameBack > 0) {
    const typical =
      delay.median === null
        ? ''
        : outcome.cameBack === 1
          ? `, ${lasting(delay.median)} in all`
          : `: half of them at most ${lasting(delay.median)}, nine in ten at most ${lasting(delay.p90)}, the longest ${lasting(delay.max)}`
    lines.push(
      `${capital(mails(outcome.cameBack))} had to wait before ${outcome.cameBack === 1 ? 'it' : 'they'} ${was(outcome.cameBack)} accepted${typical}.`,
    )
  }
  if (balance.legitimateLost > 0)
    lines.push(
      `${capital(mails(balance.legitimateLost))} that ${balance.legitimateLost === 1 ? 'looks' : 'look'} legitimate never came back.`,
    )
  else if (neverCameBack.total > 0) lines.push('Nothing that never came back looks legitimate.')
  if (balance.poolMails > 0)
    lines.push(
      `${capital(mails(balance.poolMails))} of ${pools.total === 1 ? 'one sender' : `${number(pools.total)} senders`} ${was(balance.poolMails)} tried from several networks.`,
    )
  if (counts.earlyRetries > 0)
    lines.push(
      counts.earlyRetries === 1
        ? 'One retry came too early and was deferred again.'
        : `${number(counts.earlyRetries)} retries came too early and were deferred again.`,
    )
  if (counts.unreachable > 0)
    lines.push(`${capital(mails(counts.unreachable, 'time'))} the policy server did not answer.`)
  return lines
}

/** Plain words for what greylisting spared this server. */
export function savings({ counts, balance, neverCameBack }: Report): readonly string[] {
  const { total, looks } = neverCameBack
  if (total === 0) return []
  const networks = balance.networksGone === 1 ? 'one network' : `${number(balance.networksGone)} networks`
  return [
    `${capital(mails(total))} of ${number(counts.greylisted)} (${percent(total, counts.greylisted)}) never came back, from ${networks}: no filter had to look at ${total === 1 ? 'it' : 'them'}, no mailbox holds ${total === 1 ? 'it' : 'them'}.`,
    `${capital(mails(looks.spam))} of these ${looks.spam === 1 ? 'looks' : 'look'} like spam, ${looks.unclear === 1 ? 'one is' : `${number(looks.unclear)} are`} unclear, ${looks.legitimate === 1 ? 'one looks' : `${number(looks.legitimate)} look`} legitimate.`,
  ]
}

/** Who did not have to wait. */
export function spared({ counts }: Pick<Report, 'counts'>): readonly string[] {
  if (counts.whitelisted === 0) return []
  return [
    `${capital(mails(counts.whitelisted))} did not wait at all: a whitelist, manual or automatic, let ${counts.whitelisted === 1 ? 'it' : 'them'} through.`,
  ]
}

/** What the counts lack. */
export function caveats(report: Report): readonly string[] {
  const lines: string[] = []
  if (report.untracked > 0)
    lines.push(
      `The log holds more triplets than can be followed at once: ${mails(report.untracked, 'triplet')} ${was(report.untracked)} let go while waiting, and a later retry counts as a first mail. A shorter time (--since) has none of this.`,
    )
  const undated = report.calendar.undated.greylisted + report.calendar.undated.whitelisted
  if (undated > 0)
    lines.push(
      `${capital(mails(undated))} ${was(undated)} logged without a usable date: counted, but not by day.`,
    )
  const missed = Math.max(...Object.values(report.top).map(({ mayMiss }) => mayMiss))
  if (missed > 0)
    lines.push(`So many names were seen that counts in the rankings may be up to ${number(missed)} too low.`)
  return lines
}

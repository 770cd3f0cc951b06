import type { ChalkInstance } from 'chalk'
import type { MailHistory } from '../maillog/why.js'
import { duration } from './duration.js'
import { escapeText } from './escape.js'
import { quantity } from './quantity.js'

type Moment = MailHistory['moments'][number]

/** For scripts: times in ISO 8601, null for what is not known. */
export function historyDocument({
  moments,
  dropped,
  window,
}: MailHistory): Readonly<Record<string, unknown>> {
  return {
    moments: moments.map(({ what, at, client, sender, recipient, queueId, reason, wait, delay, ref }) => ({
      what,
      at: at === undefined ? null : new Date(at * 1000).toISOString(),
      client: client ?? null,
      sender: sender ?? null,
      recipient: recipient ?? null,
      queueId: queueId ?? null,
      reason: reason ?? null,
      wait: wait ?? null,
      delay: delay ?? null,
      line: `${ref.source}:${ref.line}`,
    })),
    dropped,
    window,
  }
}

/** The story of these mails, a line a moment. */
export function renderHistory({ moments, dropped, window }: MailHistory, style: ChalkInstance): string {
  if (moments.length === 0) {
    return `the log tells nothing of it (${quantity(window.lines, 'line')} of ${window.sources.map(escapeText).join(', ')})`
  }
  const earlier = dropped > 0 ? [style.dim(`… ${dropped} earlier ones (--limit)`)] : []
  return [...earlier, ...moments.map((moment) => momentLine(moment, style))].join('\n')
}

const COLOURS = { deferred: 'yellow', 'let through': 'green', accepted: 'green', delivery: 'cyan' } as const

function momentLine(moment: Moment, style: ChalkInstance): string {
  const { what, at, client, sender, recipient, queueId } = moment
  const time =
    at === undefined ? '?'.padEnd(19) : new Date(at * 1000).toISOString().slice(0, 19).replace('T', ' ')
  const who = client === undefined ? '' : `${client.name}[${client.address}]  `
  const mail = `${sender === undefined ? '?' : sender || '<>'} -> ${recipient ?? '?'}`
  const id = queueId === undefined ? '' : `${queueId}: `
  const details = detailsOf(moment)
  const tail = details === '' ? '' : style.dim(`  (${escapeText(details)})`)
  return `${time}  ${style[COLOURS[what]](what.padEnd(11))}  ${escapeText(`${id}${what === 'delivery' ? '' : who}${mail}`)}${tail}`
}

function detailsOf({ reason, wait, delay }: Moment): string {
  return [
    reason ?? '',
    wait === undefined ? '' : `a retry passes after ${duration(wait)}`,
    delay === undefined ? '' : `${duration(delay)} after the first try`,
  ]
    .filter(Boolean)
    .join(', ')
}

import type { Event, Story, Summary } from '../demo/play.js'
import { clientIn } from './columns.js'
import { duration } from './duration.js'
import { escapeText } from './escape.js'
import type { Terminal } from './print.js'

/** Columns before an answer, and of it. */
const INDENT = ' '.repeat(10)
const ANSWER = 9

export function renderOpening({ style }: Terminal): string {
  return [
    style.bold('a day of mail for you@example.com'),
    style.dim('the real daemon, a store of its own in /tmp; only the clock runs ahead'),
    '',
    '',
  ].join('\n')
}

/** One moment of the story: who came, what was answered and why, and what it shows. */
export function renderEvent(event: Event, { style, width }: Terminal): string {
  const clock = style.dim(new Date(event.time * 1000).toISOString().slice(11, 19))
  if ('accident' in event) return `${clock}  ${style.red.bold('power cut')} ${event.note}`
  const { kind, answer, expected, name, address, sender, note } = event
  const mark = kind === 'spam' ? style.red('spam') : style.cyan('mail')
  const colour = answer === 'passed' ? style.green : style.yellow
  const left = INDENT.length + ANSWER + 1 + `${escapeText(sender)} from `.length
  const who = clientIn(`${name === 'unknown' ? '' : name}[${address}]`, width - left)
  const why = `(${whyOf(event)})`
  const room = width - INDENT.length - ANSWER - 1
  const aside = note.length + 1 + why.length <= room ? ' ' : `\n${INDENT}${' '.repeat(ANSWER + 1)}`
  const lines = [
    `${clock}  ${mark}      ${escapeText(sender)} ${style.dim(escapeText(`from ${who}`))}`,
    `${INDENT}${colour(answer.padEnd(ANSWER))} ${note}${aside}${style.dim(escapeText(why))}`,
  ]
  if (expected !== answer) lines.push(`${INDENT}${style.red.bold(`it should have been ${expected}`)}`)
  return lines.join('\n')
}

function whyOf({ reason, attempt, waited }: Exclude<Event, { accident: unknown }>): string {
  return [reason, attempt > 1 ? `try ${attempt}, after ${duration(waited)}` : ''].filter(Boolean).join('; ')
}

export function renderEnd({ summary }: Story, { style }: Terminal): string {
  const { good, spam, atOnce, medianWait, requests, seconds } = summary
  const stopped = spam.mails - spam.accepted
  return [
    '',
    style.bold('the day in numbers'),
    `  ${style.green(`${good.accepted} of ${good.mails}`)} good mails arrived: ${atOnce} at once, the others after ${duration(medianWait)} (median)`,
    `  ${style.red(`${stopped} of ${spam.mails}`)} spam mails never came in; one that comes back like a mail server does`,
    `  the daemon was killed once and forgot nothing; ${requests} questions, ${seconds.toFixed(1)} s`,
    ...(isSound(summary)
      ? []
      : [style.red.bold(`  ${summary.surprises} answers were not as they should be`)]),
    '',
    `${style.bold('next')}  greyctl install --dry-run   what it would change on this server`,
  ].join('\n')
}

/** Every answer was the one that greylisting owes. */
export function isSound({ surprises, good }: Summary): boolean {
  return surprises === 0 && good.accepted === good.mails
}

/** For scripts: times in ISO 8601. */
export function storyDocument({ events, summary }: Story): unknown {
  return {
    events: events.map(({ at: _, time, ...event }) => ({
      at: new Date(time * 1000).toISOString(),
      ...event,
    })),
    summary,
  }
}

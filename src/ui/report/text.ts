import type { ChalkInstance } from 'chalk'
import type { Calendar, Day, Missing, Pool, Ranking, Report, Tally } from '../../maillog/report/shape.js'
import { firstSize, plainTable, share, shorten } from '../columns.js'
import { duration, shortTime } from '../duration.js'
import { escapeText } from '../escape.js'
import { problemLines } from '../verify.js'
import { wrap } from '../wrap.js'
import { bar, columns, type Segment, shade } from './charts.js'
import { bucketLabel } from './tables.js'
import {
  caveats,
  costs,
  headline,
  JUDGEMENT,
  LOOKS,
  lasting,
  MARKS,
  number,
  OUTCOMES,
  percent,
  savings,
  spared,
} from './words.js'

export interface ReportLook {
  readonly style: ChalkInstance
  /** Columns. */
  readonly width: number
  /** Whether the reader's locale shows block characters. */
  readonly unicode: boolean
}

/** Days that a screen shows; the other outputs have them all. */
const MOST_DAYS = 31
const HOUR_CHART_HEIGHT = 4

/** The report for a terminal: what happened, what it cost and saved, then charts and lists. */
export function renderReport(report: Report, look: ReportLook): string {
  const { style, width } = look
  const blocks = [
    [style.bold(headline(report)), ...windowLines(report, width)],
    outcomeLines(report, look),
    section('what it cost', sentences(costs(report), look), look),
    section('what it saved', sentences([...savings(report), ...spared(report)], look), look),
    section('first mails deferred, by day', dayLines(report, look), look),
    section(`first mails deferred, by hour of day (${report.zone})`, hourLines(report.calendar, look), look),
    section('delay from the first deferral to acceptance', delayLines(report, look), look),
    section('who never came back, legitimate ones first', missingLines(report, look), look),
    section('senders that retry from other networks', poolLines(report.pools.listed, look), look),
    ...rankingBlocks(report, look),
    section('let through by a whitelist', whitelistLines(report, look), look),
    sentences(caveats(report), look),
    ...report.problems.map((problem) => problemLines(problem, look)),
  ]
  const text = blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
    .replaceAll('\u00a0', ' ')
  return look.unicode ? text : text.replaceAll('…', '~').replaceAll('✗', 'x')
}

function section(title: string, lines: readonly string[], { style }: ReportLook): string[] {
  return lines.length === 0 ? [] : [style.bold(title), ...lines]
}

export function sentences(lines: readonly string[], { width, unicode }: ReportLook): string[] {
  return lines.flatMap((line) => {
    const [first = '', ...rest] = wrap(line, width, '    ')
    return [`  ${unicode ? '•' : '*'} ${first.trimStart()}`, ...rest]
  })
}

export function windowLines({ window }: Pick<Report, 'window'>, width: number): string[] {
  const span = window.from && window.to ? `${shortTime(window.from)} to ${shortTime(window.to)} UTC, ` : ''
  const lines = window.lines === 1 ? '1 line' : `${number(window.lines)} lines`
  const [first = 'nothing', ...more] = window.sources
  const others = more.length > 0 ? ` and ${more.length} more` : ''
  return wrap(`read: ${span}${lines} of ${escapeText(first)}${others}`, width, '')
}

export function outcomeLines(
  { outcome, counts }: Pick<Report, 'outcome' | 'counts'>,
  { style }: Pick<ReportLook, 'style'>,
): string[] {
  if (counts.greylisted === 0) return []
  const size = number(counts.greylisted).length
  return OUTCOMES.map(({ id, words }) => {
    const value = style.bold(number(outcome[id]).padStart(size))
    return `  ${value}  ${words} (${percent(outcome[id], counts.greylisted)})`
  })
}

function segments(tally: Tally): readonly Segment[] {
  return [
    { value: tally.cameBack, shade: 0 },
    { value: tally.elsewhere + tally.waiting, shade: 1 },
    { value: tally.neverCameBack, shade: 2 },
  ]
}

function legend({ unicode, style }: ReportLook): string {
  const words = ['came back', 'other network or waiting', 'never came back']
  return style.dim(`  ${words.map((word, at) => `${shade(at, unicode)} ${word}`).join('   ')}`)
}

function dayLines({ calendar }: Report, look: ReportLook): string[] {
  const days = calendar.days.slice(-MOST_DAYS)
  if (!days.some(({ greylisted }) => greylisted > 0)) return []
  const most = Math.max(...days.map(({ greylisted }) => greylisted))
  const size = number(most).length
  const width = look.width - 2 - 14 - 2 - size - 1
  const earlier = calendar.days.length - days.length
  return [
    legend(look),
    ...(earlier > 0
      ? [look.style.dim(`  ${number(earlier)} earlier days are in --json, --csv and --html`)]
      : []),
    ...days.map((day) => {
      const drawn = bar(segments(day), most, { width, unicode: look.unicode })
      return `  ${dayLabel(day)}  ${number(day.greylisted).padStart(size)} ${drawn}`.trimEnd()
    }),
  ]
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

function dayLabel({ day }: Day): string {
  const weekday = WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()] ?? ''
  return `${day} ${weekday}`
}

function hourLines({ hours }: Calendar, { unicode, style }: ReportLook): string[] {
  const values = hours.map(({ greylisted }) => greylisted)
  const most = Math.max(...values)
  if (most === 0) return []
  const busiest = values.indexOf(most)
  return [
    ...columns(values, HOUR_CHART_HEIGHT, { columnWidth: 3, unicode }).map((line) => `  ${line}`.trimEnd()),
    `  ${hours.map(({ hour }) => `${String(hour).padStart(2, '0')} `).join('')}`.trimEnd(),
    style.dim(`  most at ${String(busiest).padStart(2, '0')}: ${number(most)}`),
  ]
}

function delayLines({ delays, delay }: Report, look: ReportLook): string[] {
  if (delay.median === null) return []
  const shown = delays.slice(
    delays.findIndex(({ count }) => count > 0),
    delays.findLastIndex(({ count }) => count > 0) + 1,
  )
  const most = Math.max(...shown.map(({ count }) => count))
  const size = number(most).length
  const labels = shown.map(bucketLabel)
  const labelSize = Math.max(...labels.map((label) => label.length))
  const width = look.width - 2 - labelSize - 2 - size - 1
  return [
    ...shown.map(({ count }, at) => {
      const drawn = bar([{ value: count, shade: 0 }], most, { width, unicode: look.unicode })
      return `  ${labels[at]?.padEnd(labelSize)}  ${number(count).padStart(size)} ${drawn}`.trimEnd()
    }),
    ...wrap(delayWords(delay), look.width, '  '),
  ]
}

export function delayWords({ median, p90, p99, max }: Report['delay']): string {
  const parts = [
    `median ${lasting(median)}`,
    `90 % within ${lasting(p90)}`,
    `99 % within ${lasting(p99)}`,
    `longest ${lasting(max)}`,
  ]
  return parts.join(', ')
}

function missingLines({ neverCameBack }: Report, look: ReportLook): string[] {
  const { total, listed } = neverCameBack
  if (total === 0) return []
  const rest = total - listed.length
  return [
    ...listed.flatMap((row) => missingBlock(row, look)),
    ...(rest > 0 ? [look.style.dim(`  and ${number(rest)} more (--top 0 lists all)`)] : []),
    ...wrap(JUDGEMENT, look.width, '  ').map((line) => look.style.dim(line)),
  ]
}

function missingBlock(row: Missing, { style, width, unicode }: ReportLook): string[] {
  const colour = { legitimate: style.yellow, unclear: style.cyan, spam: style.dim }[row.look]
  const tries = row.tries === 1 ? 'one try' : `${number(row.tries)} tries`
  const when = row.firstAt === null ? '' : `, ${shortTime(row.lastAt ?? row.firstAt)} UTC`
  const tail = ` ${tries}${when}`
  const look = LOOKS[row.look].padEnd(10)
  const client = shorten(`${row.name}[${row.address}]`, width - 2 - look.length - 2 - tail.length)
  const room = width - 6 - 4
  const arrow = unicode ? ' → ' : ' -> '
  const [from = 0, to = 0] = share(
    [escapeText(row.sender || '<>').length, escapeText(row.recipient).length],
    room - arrow.length,
  )
  return [
    `  ${colour(look)}  ${client}${tail}`,
    `      ${shorten(row.sender || '<>', from)}${arrow}${shorten(row.recipient, to)}`,
    ...wrap(row.marks.map((mark) => MARKS[mark]).join('; '), width, '      ').map((line) => style.dim(line)),
  ]
}

function poolLines(pools: readonly Pool[], { width }: ReportLook): string[] {
  if (pools.length === 0) return []
  const head = ['who', 'mails', 'accepted', 'networks', 'median', 'longest']
  const rest = [7, 8, 8, 9, 9]
  const first = firstSize(width, rest)
  return plainTable(
    head,
    pools.map(({ name, mails, accepted, networks, medianDelay, maxDelay }) => [
      shorten(name, first),
      number(mails),
      number(accepted),
      number(networks),
      duration(medianDelay),
      duration(maxDelay),
    ]),
    [first, ...rest],
    new Set([1, 2, 3, 4, 5]),
  )
}

function rankingBlocks({ top }: Report, look: ReportLook): string[][] {
  const kinds = [
    ['client', top.clients],
    ['sender', top.senders],
    ['sender domain', top.senderDomains],
    ['recipient', top.recipients],
    ['recipient domain', top.recipientDomains],
  ] as const
  return kinds.map(([label, ranking]) => section(`top ${label}s`, rankingLines(ranking, look), look))
}

function rankingLines({ rows, names }: Ranking, { style, width }: ReportLook): string[] {
  if (rows.length === 0) return []
  const rest = [9, 9, 15]
  const first = firstSize(width, rest)
  const more = names - rows.length
  return [
    ...plainTable(
      ['', 'deferred', 'came back', 'never came back'].map((name) => style.dim(name)),
      rows.map((row) => [
        shorten(row.name, first),
        number(row.greylisted),
        number(row.cameBack),
        number(row.neverCameBack),
      ]),
      [first, ...rest],
      new Set([1, 2, 3]),
    ),
    ...(more > 0 ? [style.dim(`  and ${number(more)} more`)] : []),
  ]
}

function whitelistLines({ whitelisted, counts }: Report, { width }: ReportLook): string[] {
  const size = number(counts.whitelisted).length
  return whitelisted.map(
    ({ reason, count }) =>
      `  ${number(count).padStart(size)}  ${shorten(reason || 'no reason given', width - size - 6)}`,
  )
}

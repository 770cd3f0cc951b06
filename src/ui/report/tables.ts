import type { Calendar, Ranking, RankingName, Report, Tally } from '../../maillog/report/shape.js'
import { duration } from '../duration.js'

export type Cell = string | number | null

export interface Column {
  /** As in --json. */
  readonly id: string
  readonly label: string
  readonly kind: 'text' | 'count' | 'seconds' | 'time'
}

/** One table of the report, for CSV and the page alike. Texts may be a log's. */
export interface ReportTable {
  readonly id: TableId
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly Cell[])[]
}

export const TABLE_IDS = [
  'summary',
  'days',
  'hours',
  'delays',
  'never-came-back',
  'pools',
  'clients',
  'senders',
  'sender-domains',
  'recipients',
  'recipient-domains',
  'whitelisted',
] as const
export type TableId = (typeof TABLE_IDS)[number]

const text = (id: string, label: string): Column => ({ id, label, kind: 'text' })
const count = (id: string, label: string): Column => ({ id, label, kind: 'count' })
const seconds = (id: string, label: string): Column => ({ id, label, kind: 'seconds' })
const time = (id: string, label: string): Column => ({ id, label, kind: 'time' })

const TALLY: readonly (Column & { readonly id: keyof Tally })[] = [
  { id: 'greylisted', label: 'deferred', kind: 'count' },
  { id: 'cameBack', label: 'came back', kind: 'count' },
  { id: 'elsewhere', label: 'other network', kind: 'count' },
  { id: 'waiting', label: 'may come back', kind: 'count' },
  { id: 'neverCameBack', label: 'never came back', kind: 'count' },
  { id: 'earlyRetries', label: 'too early', kind: 'count' },
  { id: 'whitelisted', label: 'whitelisted', kind: 'count' },
]

export function tablesOf(report: Report): readonly ReportTable[] {
  return [
    summaryTable(report),
    daysTable(report.calendar),
    {
      id: 'hours',
      title: 'By hour of day',
      columns: [count('hour', 'hour'), ...TALLY],
      rows: report.calendar.hours.map((row) => [row.hour, ...tallyCells(row)]),
    },
    {
      id: 'delays',
      title: 'Delays',
      columns: [seconds('from', 'from'), seconds('below', 'below'), count('count', 'mails')],
      rows: report.delays.map(({ from, below, count: mails }) => [from, below, mails]),
    },
    missingTable(report),
    poolsTable(report),
    rankingTable(report, 'clients', 'clients', 'client'),
    rankingTable(report, 'senders', 'senders', 'sender'),
    rankingTable(report, 'sender-domains', 'senderDomains', 'sender domain'),
    rankingTable(report, 'recipients', 'recipients', 'recipient'),
    rankingTable(report, 'recipient-domains', 'recipientDomains', 'recipient domain'),
    {
      id: 'whitelisted',
      title: 'Whitelisted',
      columns: [text('reason', 'reason'), count('count', 'mails')],
      rows: report.whitelisted.map(({ reason, count: mails }) => [reason, mails]),
    },
  ]
}

function tallyCells(tally: Tally): readonly number[] {
  return TALLY.map(({ id }) => tally[id])
}

function summaryTable({
  counts,
  outcome,
  delay,
  neverCameBack,
  balance,
  accepted,
  untracked,
  learned,
}: Report): ReportTable {
  const rows: Readonly<Record<string, number | null>> = {
    ...counts,
    ...outcome,
    delayMedian: delay.median,
    delayP90: delay.p90,
    delayP99: delay.p99,
    delayMax: delay.max,
    ...balance,
    looksLegitimate: neverCameBack.looks.legitimate,
    looksUnclear: neverCameBack.looks.unclear,
    looksSpam: neverCameBack.looks.spam,
    accepted,
    learned,
    untracked,
  }
  return {
    id: 'summary',
    title: 'Summary',
    columns: [text('measure', 'measure'), count('value', 'value')],
    rows: Object.entries(rows),
  }
}

function daysTable({ days, undated }: Calendar): ReportTable {
  const rest = Object.values(undated).some((value) => value > 0)
  const rows: Cell[][] = days.map((row) => [row.day, ...tallyCells(row)])
  if (rest) rows.push(['undated', ...tallyCells(undated)])
  return { id: 'days', title: 'By day', columns: [text('day', 'day'), ...TALLY], rows }
}

function missingTable({ neverCameBack }: Report): ReportTable {
  return {
    id: 'never-came-back',
    title: 'Who never came back',
    columns: [
      text('look', 'looks'),
      text('name', 'client'),
      text('address', 'address'),
      text('sender', 'sender'),
      text('recipient', 'recipient'),
      count('tries', 'tries'),
      time('firstAt', 'first try'),
      time('lastAt', 'last try'),
      text('marks', 'because'),
    ],
    rows: neverCameBack.listed.map((row) => [
      row.look,
      row.name,
      row.address,
      row.sender === '' ? '<>' : row.sender,
      row.recipient,
      row.tries,
      row.firstAt,
      row.lastAt,
      row.marks.join(' '),
    ]),
  }
}

function poolsTable({ pools }: Report): ReportTable {
  return {
    id: 'pools',
    title: 'Senders that retry from other networks',
    columns: [
      text('name', 'who'),
      text('by', 'told by'),
      count('mails', 'mails'),
      count('accepted', 'accepted'),
      count('networks', 'networks'),
      seconds('medianDelay', 'median delay'),
      seconds('maxDelay', 'longest delay'),
      text('clients', 'for example'),
    ],
    rows: pools.listed.map(({ name, by, mails, accepted, networks, medianDelay, maxDelay, example }) => [
      name,
      by,
      mails,
      accepted,
      networks,
      medianDelay,
      maxDelay,
      example.clients.join(' '),
    ]),
  }
}

function rankingTable({ top }: Report, id: TableId, name: RankingName, label: string): ReportTable {
  const ranking: Ranking = top[name]
  return {
    id,
    title: `Top ${label}s`,
    columns: [
      text('name', label),
      count('greylisted', 'deferred'),
      count('cameBack', 'came back'),
      count('neverCameBack', 'never came back'),
    ],
    rows: ranking.rows.map((row) => [row.name, row.greylisted, row.cameBack, row.neverCameBack]),
  }
}

/** `under 1 m`, `1 m to 2 m`, `1 d and more`. */
export function bucketLabel({ from, below }: { from: number; below: number | null }): string {
  if (from === 0 && below !== null) return `under ${duration(below)}`
  return below === null ? `${duration(from)} and more` : `${duration(from)} to ${duration(below)}`
}

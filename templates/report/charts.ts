import { axisX, axisY, barX, barY, gridX, plot, ruleX, ruleY, text } from '@observablehq/plot'
import type { PageData, Tally } from './data.js'

/** In the order in which they are stacked, with the page's colours. */
const OUTCOMES = [
  ['cameBack', 'came back', 'var(--came-back)'],
  ['elsewhere', 'other network', 'var(--elsewhere)'],
  ['waiting', 'may come back', 'var(--waiting)'],
  ['neverCameBack', 'never came back', 'var(--never)'],
] as const

interface Part {
  readonly at: string
  readonly outcome: string
  readonly count: number
  readonly says: string
}

type Draw = (data: PageData, width: number, label: string) => Element

/** The tick labels that fit: a day's takes about 60 pixels. */
function everyOther(names: readonly string[], width: number, room: number): readonly string[] {
  const step = Math.max(1, Math.ceil(names.length / Math.max(1, Math.floor(width / room))))
  return names.filter((_, at) => at % step === 0)
}

function parts(rows: readonly (Tally & { readonly at: string })[]): readonly Part[] {
  return rows.flatMap((row) =>
    OUTCOMES.filter(([id]) => row[id] > 0).map(([id, words]) => ({
      at: row.at,
      outcome: id,
      count: row[id],
      says: `${row.at}: ${row[id]} ${words}, ${row.greylisted} deferred`,
    })),
  )
}

const COLOURS = { domain: OUTCOMES.map(([id]) => id), range: OUTCOMES.map(([, , colour]) => colour) }

function stacked(
  rows: readonly (Tally & { readonly at: string })[],
  options: {
    readonly width: number
    readonly label: string
    readonly room: number
    readonly tick: (at: string) => string
  },
): Element {
  const { width, label, room, tick } = options
  const names = rows.map(({ at }) => at)
  return plot({
    width,
    height: 240,
    marginLeft: 44,
    ariaLabel: label,
    style: { background: 'none', fontSize: '12px' },
    x: { domain: names, label: null, padding: 0.15 },
    y: { label: null, grid: true, nice: true },
    color: COLOURS,
    marks: [
      axisX(everyOther(names, width, room), { tickSize: 0, tickFormat: tick }),
      barY(parts(rows), { x: 'at', y: 'count', fill: 'outcome', order: COLOURS.domain, title: 'says' }),
      ruleY([0]),
    ],
  })
}

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

/** `10 Nov`; the bars themselves are told apart by the whole day, of however many years. */
function dayWords(day: string): string {
  return DAY.format(new Date(`${day}T00:00:00Z`))
}

const days: Draw = (data, width, label) =>
  stacked(
    data.days.map((row) => ({ ...row, at: row.day })),
    { width, label, room: 58, tick: dayWords },
  )

const hours: Draw = (data, width, label) =>
  stacked(
    data.hours.map((row) => ({ ...row, at: String(row.hour).padStart(2, '0') })),
    { width, label, room: 30, tick: (at) => at },
  )

/** Horizontal bars with the number at their end. */
function horizontal(
  rows: readonly { readonly name: string; readonly count: number }[],
  options: {
    readonly width: number
    readonly label: string
    readonly colour: string
    readonly margin: number
  },
): Element {
  const { width, label, colour, margin } = options
  return plot({
    width,
    height: 30 + rows.length * 26,
    marginLeft: margin,
    marginRight: 44,
    marginTop: 6,
    marginBottom: 24,
    ariaLabel: label,
    style: { background: 'none', fontSize: '12px' },
    x: { label: null, nice: true },
    y: { domain: rows.map(({ name }) => name), label: null, padding: 0.25 },
    marks: [
      gridX(),
      axisX({ ticks: 4, tickSize: 0 }),
      axisY({ tickSize: 0, textOverflow: 'ellipsis', lineWidth: margin / 12 - 1 }),
      barX(rows, { x: 'count', y: 'name', fill: colour }),
      text(rows, { x: 'count', y: 'name', text: 'count', dx: 5, textAnchor: 'start', fill: 'var(--text)' }),
      ruleX([0]),
    ],
  })
}

const delays: Draw = (data, width, label) =>
  horizontal(
    data.delays.map(({ label: name, count }) => ({ name, count })),
    { width, label, colour: 'var(--came-back)', margin: 120 },
  )

const domains: Draw = (data, width, label) =>
  horizontal(
    data.domains.map(({ name, neverCameBack }) => ({ name, count: neverCameBack })),
    { width, label, colour: 'var(--never)', margin: Math.min(220, Math.max(130, width / 3)) },
  )

const CHARTS: Readonly<Record<string, Draw>> = { days, hours, delays, domains }

/** Draws each chart as wide as its place is, and again when that changes. */
export function drawCharts(data: PageData): void {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) if (target instanceof HTMLElement) draw(target, data)
  })
  for (const place of document.querySelectorAll<HTMLElement>('[data-chart]')) {
    draw(place, data)
    observer.observe(place)
  }
}

function draw(place: HTMLElement, data: PageData): void {
  const chart = CHARTS[place.dataset.chart ?? '']
  const width = Math.floor(place.clientWidth)
  if (chart === undefined || width === 0 || place.dataset.width === String(width)) return
  place.dataset.width = String(width)
  const drawn = chart(data, width, place.dataset.label ?? '')
  // one image with one name: its parts have none of their own, but what a pointer shows
  drawn.setAttribute('role', 'img')
  for (const part of drawn.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label')
  place.replaceChildren(drawn)
}

import sliceAnsi from 'slice-ansi'
import type { Change } from '../../maillog/follow.js'
import type { Summary } from '../../maillog/report/shape.js'
import { changeLine } from '../follow.js'
import type { Terminal } from '../print.js'
import { wrap } from '../wrap.js'
import { columns } from './charts.js'
import { delayWords, outcomeLines, sentences, windowLines } from './text.js'
import { headline, number, spared } from './words.js'

const CHART_HEIGHT = 3

/**
 * How a log that goes on stands, with its latest changes. With `rows`, it takes fewer lines than those: the changes give
 * way first, then the charts.
 */
export function renderSummary(summary: Summary, latest: readonly Change[], look: Terminal): string {
  const { style, width, rows } = look
  const head = [
    style.bold(headline(summary)),
    ...windowLines(summary, width),
    ...outcomeLines(summary, look),
    ...(summary.delay.median === null ? [] : wrap(delayWords(summary.delay), width, '  ')),
    ...sentences(spared(summary), look),
  ]
  const charts = [...chart('deferred', summary, look), ...chart('accepted', summary, look)]
  if (rows === undefined) return joined([...head, ...charts])
  const foot = ['', style.dim('Ctrl-C ends it, with the whole report')]
  // the cursor has a line of its own
  const room = Math.max(1, rows - 1 - foot.length)
  const body = head.length + charts.length <= room ? [...head, ...charts] : head.slice(0, room)
  const free = Math.max(0, room - body.length - 2)
  const changes = (free === 0 ? [] : latest.slice(-free)).map((change) => changeLine(change, look, width))
  const lines = [
    ...body,
    ...(changes.length > 0 ? ['', style.bold('the latest (UTC)'), ...changes] : []),
    ...foot,
  ]
  // also where characters are wide: a line that is wrapped would push the first one out
  return joined(lines.map((line) => sliceAnsi(line, 0, width)))
}

function joined(lines: readonly string[]): string {
  return lines.join('\n').replaceAll('\u00a0', ' ')
}

const CHARTS = { deferred: 'deferred', accepted: 'accepted after they waited' } as const

/** A column a minute; nothing where nothing was. */
function chart(
  what: keyof typeof CHARTS,
  { minutes }: Summary,
  { style, width, unicode }: Terminal,
): string[] {
  const values = minutes.map((minute) => minute[what]).slice(-(width - 2))
  const sum = values.reduce((a, b) => a + b, 0)
  if (sum === 0) return []
  const most = Math.max(...values)
  return [
    '',
    `${style.bold(`${CHARTS[what]}, by minute`)}: ${number(sum)} in the last ${values.length}, at most ${number(most)} in one`,
    ...columns(values, CHART_HEIGHT, { columnWidth: 1, unicode }).map((line) => `  ${line}`.trimEnd()),
  ]
}

import type { ChalkInstance } from 'chalk'
import type { ProofCase } from '../change/plan.js'
import type { ReadProgress } from '../maillog/read.js'
import type { Example, Problem, Verdict, VerifyReport } from '../maillog/report.js'
import { clientIn, plainTable, share, shorten } from './columns.js'
import { duration, shortTime } from './duration.js'
import { escapeText } from './escape.js'
import type { Terminal } from './print.js'
import { proofTable } from './proof-table.js'
import { quantity } from './quantity.js'
import { wrap } from './wrap.js'

export interface VerifyLook {
  readonly style: ChalkInstance
  /** Columns. */
  readonly width: number
}

const VERDICTS: Record<Verdict, { readonly mark: 'good' | 'bad' | 'open'; readonly words: string }> = {
  working: { mark: 'good', words: 'greylisting works: first mails were deferred and their retries accepted' },
  broken: { mark: 'bad', words: 'greylisting is broken' },
  off: { mark: 'bad', words: 'greylisting is off: Postfix accepts mail and never asks a greylister' },
  waiting: {
    mark: 'open',
    words: 'greylisting defers; no retry could have been accepted yet',
  },
  inconclusive: { mark: 'open', words: 'the log does not say whether greylisting works' },
}

/** The evidence for people: a verdict and the next step, then counts, delays, examples and problems. */
export function renderVerify(report: VerifyReport, look: VerifyLook): string {
  const { style, width } = look
  const blocks = [
    [verdictLine(report, style), ...wrap(nextStep(report), width, '  ')],
    windowLines(report, width),
    countLines(report, look),
    exampleLines(report.examples, look),
    ...report.problems.map((problem) => problemLines(problem, look)),
  ]
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** How far the log was read. */
export function readingText({ source, lines, bytes, size }: ReadProgress): string {
  const part = size === undefined || bytes > size ? '' : `, ${Math.floor((bytes / size) * 100)} %`
  return `${source}: ${lines.toLocaleString('en')} lines${part}`
}

/** What Postfix itself answered, and what that means together. */
export function renderLive(
  verdict: Verdict,
  proof: readonly ProofCase[],
  terminal: Pick<Terminal, 'style' | 'width'>,
): string {
  const { mark } = VERDICTS[verdict]
  const line = signed(mark, LIVE_WORDS[mark], terminal.style)
  return `${line}\n\n${proofTable(proof, terminal)}`
}

const LIVE_WORDS = {
  good: 'greylisting works: a first mail was deferred and its retry accepted',
  bad: 'greylisting does not work: Postfix did not answer as it should',
  open: 'nothing can be told about some answers; see what stands in the way',
}

function signed(mark: keyof typeof LIVE_WORDS, words: string, style: ChalkInstance): string {
  const signs = { good: style.green('✓'), bad: style.red('✗'), open: style.yellow('?') }
  return `${signs[mark]} ${style.bold(words)}`
}

function verdictLine({ verdict }: VerifyReport, style: ChalkInstance): string {
  const { mark, words } = VERDICTS[verdict]
  return signed(mark, words, style)
}

function nextStep({ verdict, counts, window }: VerifyReport): string {
  if (verdict === 'working') return 'nothing to do; `greyctl verify --live` asks Postfix itself'
  if (verdict === 'broken') return 'the problem below says what to do'
  if (verdict === 'off') return 'next: greyctl install --dry-run shows what would put it there'
  if (verdict === 'waiting')
    return 'next: run this again later: senders usually come back within 5 to 30 minutes'
  if (counts.greylisted > 0)
    return 'mail was deferred and nobody came back so far; spam never does. next: wait for a mail from outside, or greyctl verify --live'
  return window.lines === 0
    ? 'the log is empty. next: let mail arrive from outside, or greyctl verify --live'
    : 'no mail from strangers was found. next: let mail arrive from outside, or greyctl verify --live'
}

function windowLines({ window }: VerifyReport, width: number): string[] {
  const span = window.from && window.to ? `${shortTime(window.from)} to ${shortTime(window.to)} UTC, ` : ''
  const lines = quantity(window.lines, 'line')
  const [first = 'nothing', ...more] = window.sources
  const others = more.length > 0 ? ` and ${more.length} more` : ''
  return wrap(`read: ${span}${lines} of ${escapeText(first)}${others}`, width, '  ')
}

function countLines({ counts, delay }: VerifyReport, { style, width }: VerifyLook): string[] {
  const rows: [number, string][] = [
    [counts.greylisted, 'greylisted (client network, sender, recipient)'],
    [counts.passed, 'of them accepted later'],
    [counts.neverRetried, 'of them not accepted so far'],
    [counts.earlyRetries, 'retries deferred again'],
    [counts.whitelisted, 'let through by a whitelist'],
    [counts.unreachable, 'times the policy server did not answer'],
  ]
  const size = Math.max(...rows.map(([count]) => String(count).length))
  const lines = rows.map(([count, what]) => `  ${style.bold(String(count).padStart(size))}  ${what}`)
  if (delay.median === null) return lines
  const parts = [
    `median ${duration(delay.median)}`,
    `90 % within ${duration(delay.p90)}`,
    `99 % within ${duration(delay.p99)}`,
    `longest ${duration(delay.max)}`,
  ]
  return [...lines, ...wrap(`delay: ${parts.join(', ')}`, width, '  ')]
}

/** Columns of `deferred` and `delay`, with the blank after them. */
const TIME_WIDTH = 12
const DELAY_WIDTH = 9
const COLUMNS = ['client', 'sender', 'recipient'] as const

/** The times have their width; client, sender and recipient share the rest. */
function exampleLines(examples: readonly Example[], { style, width }: VerifyLook): string[] {
  if (examples.length === 0) return []
  const room = width - 2 - 4 - TIME_WIDTH - DELAY_WIDTH - COLUMNS.length
  const rows = examples.map(({ client, sender, recipient }) => [client, sender || '<>', recipient])
  const sizes = share(
    COLUMNS.map((name, at) => Math.max(name.length, ...rows.map((row) => escapeText(row[at] ?? '').length))),
    room,
  )
  const [clientSize = 0, senderSize = 0, recipientSize = 0] = sizes
  const cells = examples.map(({ deferredAt, delay }, at) => {
    const [client = '', sender = '', recipient = ''] = rows[at] ?? []
    return [
      shorten(clientIn(client, clientSize), clientSize),
      shorten(sender, senderSize),
      shorten(recipient, recipientSize),
      deferredAt === null ? '-' : shortTime(deferredAt).slice(5),
      delay === null ? 'waiting' : duration(delay),
    ]
  })
  return plainTable(
    [...COLUMNS, 'deferred', 'delay'].map((name) => style.dim(name)),
    cells,
    [...sizes, TIME_WIDTH - 1, DELAY_WIDTH - 1],
  )
}

export function problemLines(problem: Problem, { style, width }: VerifyLook): string[] {
  const serious = problem.severity === 'critical' || problem.severity === 'error'
  const mark = serious ? style.red('✗') : problem.severity === 'warning' ? style.yellow('!') : style.cyan('i')
  return [
    `${mark} ${style.bold(escapeText(problem.title))} ${style.dim(`[${problem.id}]`)}`,
    ...wrap(escapeText(problem.detail), width, '  '),
    ...problem.evidence.flatMap(({ ref, text }) => [
      `  ${style.dim(shorten(ref, width - 2))}`,
      `    ${shorten(text, width - 4)}`,
    ]),
    ...wrap(`next: ${escapeText(problem.remediation.text)}`, width, '  '),
    ...problem.remediation.commands.map((command) => `    ${style.cyan(escapeText(command))}`),
  ]
}

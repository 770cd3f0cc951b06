import type { ChalkInstance } from 'chalk'
import type { Beyond } from '../doctor/beyond.js'
import type { DoctorDocument } from '../doctor/document.js'
import type { Mended } from '../doctor/mend.js'
import { escapeText } from './escape.js'
import { wrap } from './wrap.js'

interface Look {
  readonly style: ChalkInstance
  readonly width: number
}

type Shown = DoctorDocument['findings'][number]

/** Where the pages about each problem lie in the program's own tree. */
export const PROBLEM_PAGES = 'docs/problems'

const WORDS = { critical: 'critical', error: 'error', warning: 'warning', info: 'note' } as const

/** For people: most severe first, consequences under their cause, then what could not be told, then one line. */
export function renderDoctor(
  document: DoctorDocument,
  look: Look,
  options: { timings?: boolean } = {},
): string {
  const { findings, checks } = document
  const blocks = findings.map((finding) => findingLines(finding, look))
  const unknown = unknownLines(document, look)
  if (unknown.length > 0) blocks.push(unknown)
  if (options.timings) blocks.push(timingLines(document))
  blocks.push([summary(findings, checks, look.style)])
  return blocks.map((lines) => lines.join('\n')).join('\n\n')
}

function findingLines(finding: Shown, { style, width }: Look): string[] {
  const { detail, evidence, remediation, cause, affects } = finding
  const under = finding.consequenceOf !== null
  const indent = under ? '    ' : '  '
  const head = under ? `  └ ${title(finding, style)}` : title(finding, style)
  const lines = [head, ...wrap(escapeText(detail), width, indent)]
  for (const { ref, text } of evidence) {
    lines.push(`${indent}${style.dim(escapeText(ref))}`, `${indent}  ${escapeText(text)}`)
  }
  if (under) return lines
  lines.push(...wrap(`cause: ${escapeText(cause)}`, width, indent))
  if (affects.length > 1) lines.push(...wrap(`affects: ${escapeText(affects.join(', '))}`, width, indent))
  lines.push(...wrap(`next: ${escapeText(remediation.text)}`, width, indent))
  for (const command of remediation.commands) lines.push(`${indent}  ${style.cyan(escapeText(command))}`)
  if (remediation.autofix !== 'manual') {
    const asks =
      remediation.autofix === 'safe'
        ? 'greyctl doctor --fix does it'
        : 'greyctl doctor --fix does it, and asks first'
    lines.push(`${indent}${style.dim(asks)}`)
  }
  lines.push(`${indent}${style.dim(`more: ${PROBLEM_PAGES}/${finding.id}.md`)}`)
  return lines
}

/** Before a repair is shown. */
export function findingHeading(
  finding: Pick<Shown, 'severity' | 'title' | 'id' | 'detail'>,
  style: ChalkInstance,
): string {
  return `\n${title(finding, style)}\n  ${escapeText(finding.detail)}`
}

const MENDED = {
  mended: 'mended',
  planned: 'would be mended',
  declined: 'left as it is, as you said',
  'put-back': 'put back',
  left: 'left',
} as const

/** `--fix`: what became of each finding. */
export function renderMended(mended: readonly Mended[], style: ChalkInstance): string {
  if (mended.length === 0) return 'there was nothing that greyctl can mend'
  return mended
    .map(({ id, status, reason }) => {
      const sign =
        status === 'mended' ? style.green('✓') : status === 'put-back' ? style.red('✗') : style.yellow('-')
      return `${sign} ${id}: ${MENDED[status]}${reason === '' ? '' : `: ${escapeText(reason)}`}`
    })
    .join('\n')
}

function title(
  { severity, title: text, id }: Pick<Shown, 'severity' | 'title' | 'id'>,
  style: ChalkInstance,
): string {
  const paint = { critical: style.red.bold, error: style.red, warning: style.yellow, info: style.cyan }[
    severity
  ]
  return `${paint(WORDS[severity])}: ${style.bold(escapeText(text))} ${style.dim(`[${id}]`)}`
}

/** Checks by the reason why they could not tell, each reason once. */
function unknownLines({ checks }: DoctorDocument, { style, width }: Look): string[] {
  const byReason = new Map<string, string[]>()
  for (const { id, status, reason } of checks) {
    if (status === 'unknown') byReason.set(reason, [...(byReason.get(reason) ?? []), id])
  }
  return [...byReason].flatMap(([reason, ids]) => [
    ...wrap(
      `${style.yellow('?')} not known, ${count(ids.length, 'check')}: ${escapeText(reason)}`,
      width,
      '',
    ),
    ...wrap(
      ids.length > 6 ? `${ids.slice(0, 6).join(', ')} and ${ids.length - 6} more` : ids.join(', '),
      width,
      '  ',
    ).map((line) => style.dim(line)),
  ])
}

/** A fact that takes this many seconds by itself is named as slow: all of doctor is to take less than three. */
const SLOW_SECONDS = 0.5

function timingLines({ timings }: DoctorDocument): string[] {
  const slow = timings.filter(({ own }) => own >= SLOW_SECONDS).map(({ fact }) => fact)
  return [
    'seconds that each fact took by itself, and until it was known:',
    ...timings.map(({ fact, seconds, own }) => `  ${own.toFixed(3)}  ${seconds.toFixed(3)}  ${fact}`),
    slow.length === 0 ? `none took ${SLOW_SECONDS} s by itself` : `slow: ${slow.join(', ')}`,
  ]
}

function summary(
  findings: DoctorDocument['findings'],
  checks: DoctorDocument['checks'],
  style: ChalkInstance,
): string {
  const number = (status: string) => checks.filter((check) => check.status === status).length
  const unknown = number('unknown') > 0 ? `, ${number('unknown')} not known` : ''
  const passed = `${count(number('pass'), 'check')} passed${unknown}`
  const causes = findings.filter(({ consequenceOf }) => consequenceOf === null)
  const notes = causes.filter(({ severity }) => severity === 'info').length
  if (findings.length === 0 && number('pass') === 0) return `${style.yellow('?')} nothing could be looked at`
  const noted = notes > 0 ? `, ${count(notes, 'note')}` : ''
  // a note is for knowing: nothing of it makes the exit code 1
  if (notes === causes.length) return `${style.green('✓')} nothing wrong was found; ${passed}${noted}`
  return `${style.red('✗')} ${count(causes.length - notes, 'problem')}; ${passed}${noted}`
}

function count(number: number, what: string): string {
  return number === 1 ? `1 ${what}` : `${number} ${what}s`
}

/** `--list`: the checks that there are, and what there is no check of. */
export function renderChecks(
  checks: readonly { readonly id: string; readonly severity: string; readonly title: string }[],
  beyond: readonly Beyond[],
): string {
  const size = Math.max(...checks.map(({ id }) => id.length))
  return [
    ...checks.map(({ id, severity, title: text }) => `${id.padEnd(size)}  ${severity.padEnd(8)}  ${text}`),
    '',
    'what it cannot tell:',
    ...beyond.map(({ what, why }) => `- ${what}: ${why}`),
  ].join('\n')
}

/** `--markdown`: the same for an issue or a ticket. */
export function renderMarkdown({ findings, checks }: DoctorDocument): string {
  const blocks = findings.map((finding) => {
    const { severity, title: text, id, detail, evidence, cause, remediation } = finding
    const shown = evidence.map(({ ref, text: line }) => `${escapeText(ref)}: ${escapeText(line)}`)
    return [
      `### ${WORDS[severity]}: ${inline(text)} (\`${id}\`)`,
      inline(detail),
      ...(shown.length > 0 ? [fence(shown)] : []),
      ...(finding.consequenceOf === null
        ? [`Cause: ${inline(cause)}`, `Next: ${inline(remediation.text)}`]
        : [`A consequence of \`${finding.consequenceOf}\``]),
      ...(remediation.commands.length > 0 && finding.consequenceOf === null
        ? [fence(remediation.commands.map(escapeText))]
        : []),
    ].join('\n\n')
  })
  const unknown = checks.filter(({ status }) => status === 'unknown')
  const rest = unknown.map(({ id, reason }) => `- \`${id}\`: ${inline(reason)}`).join('\n')
  return [
    '## greyctl doctor',
    ...(blocks.length > 0 ? blocks : ['Nothing wrong was found.']),
    ...(rest === '' ? [] : ['### Not known', rest]),
  ].join('\n\n')
}

/** A fence longer than any run of backticks inside: nothing in a log ends it. */
function fence(lines: readonly string[]): string {
  const text = lines.join('\n')
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length))
  const ticks = '`'.repeat(longest + 1)
  return `${ticks}\n${text}\n${ticks}`
}

/** Escaped for a terminal first, then for Markdown and HTML. */
function inline(text: string): string {
  return escapeText(text).replace(/[\\`*_{}[\]<>()#+!|&@]/g, (character) =>
    character === '<' ? '&lt;' : `\\${character}`,
  )
}

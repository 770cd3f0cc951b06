import type { Beyond } from './beyond.js'
import type { CheckText } from './check.js'

const WORDS = {
  safe: '`greyctl doctor --fix` does it: it changes no mail policy, and can be taken back.',
  confirm: '`greyctl doctor --fix` shows the change, asks, and can take it back.',
  manual: 'greyctl does not do this by itself.',
} as const

/** docs/problems/ID.md, from the check's own texts. */
export function problemPage(check: CheckText): string {
  const { id, title, severity, symptom, cause, look, remedy, commands = [], autofix, becauseOf = [] } = check
  const because = becauseOf.map((other) => `[${other}](${other}.md)`).join(', ')
  return [
    `# ${id}`,
    `${capital(title)}. Severity: ${severity}${severity === 'info' ? '' : ', or less where less is at stake'}.`,
    '## What one notices',
    plain(symptom),
    '## Why',
    sentence(cause),
    ...(because === ''
      ? []
      : [`It may be a consequence of ${because}; doctor tells it under its cause then.`]),
    '## How to see it',
    fence([`greyctl doctor --check ${id}`, ...look]),
    '## What to do',
    sentence(remedy),
    ...(commands.length > 0 ? [fence(commands)] : []),
    WORDS[autofix],
    '',
  ]
    .join('\n\n')
    .replace(/\n{3,}$/, '\n')
    .replace(/\n\n$/, '\n')
}

/** docs/problems/README.md: all of them. */
export function problemIndex(checks: readonly CheckText[], beyond: readonly Beyond[]): string {
  const rows = checks.map(
    ({ id, severity, title }) => `| [${id}](${id}.md) | ${severity} | ${title.replaceAll('|', '\\|')} |`,
  )
  return `# What goes wrong, and what to do

What \`greyctl doctor\` looks for. These pages are made from its own texts by \`npm run docs\`.

| id | severity | what |
| --- | --- | --- |
${rows.join('\n')}

## What it cannot tell

| what | why | instead |
| --- | --- | --- |
${beyond.map(({ what, why, instead }) => `| ${[what, why, instead].map((text) => plain(text).slice(0, -1).replaceAll('|', '\\|')).join(' | ')} |`).join('\n')}
`
}

function fence(lines: readonly string[]): string {
  return ['```sh', ...lines, '```'].join('\n')
}

/** Mostly lines of a log: their first letter stays as it is. */
function plain(text: string): string {
  const escaped = text
    .replace(/[<>]/g, (sign) => (sign === '<' ? '&lt;' : '&gt;'))
    .replace(/([\\`*_])/g, '\\$1')
  return `${escaped}.`
}

function sentence(text: string): string {
  return capital(plain(text))
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

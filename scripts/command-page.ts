import type { Usage, UsageFlag } from '../src/ui/usage/model.js'

/** The page of a command, in Markdown. Pure. */
export function commandPage(usage: Usage): string {
  const own = usage.flags.filter(({ global }) => !global)
  const shared = usage.flags.filter(({ global }) => global)
  const words = usage.arguments.map(({ name, required }) => (required ? ` ${name}` : ` [${name}]`)).join('')
  const parts = [
    `# greyctl ${usage.command}`,
    `${sentence(usage.summary)}`,
    fenced([`greyctl ${usage.command}${usage.flags.length > 0 ? ' [options]' : ''}${words}`]),
    prose(usage.description),
    table(
      'argument',
      usage.arguments.map(({ name, text }) => [`\`${name}\``, text]),
    ),
    table('option', own.map(row)),
    usage.examples.length > 0 ? `## Examples\n\n${fenced(usage.examples)}` : '',
    shared.length > 0 ? `## Options of all commands\n\n${table('option', shared.map(row))}` : '',
    'Exit status: 0 fine, or nothing to do; 1 something is wrong, or a change failed and was put back; 2 usage; 3 it could not look; 4 inconclusive.',
    '[All commands](README.md)',
  ]
  return `${NOTICE}\n\n${parts.filter((part) => part !== '').join('\n\n')}\n`
}

/** docs/commands/README.md. Pure. */
export function commandIndex(commands: readonly Usage[]): string {
  const rows = commands.map(
    ({ command, summary }) => [`[greyctl ${command}](${commandFile(command)})`, summary] as const,
  )
  return `${NOTICE}\n\n# Commands\n\nEach has a page, which is also its manual page (\`man greyctl-install\`) and what \`--help\` says.\n\n${table('command', rows)}\n`
}

export function commandFile(command: string): string {
  return `${command.replaceAll(' ', '-')}.md`
}

const NOTICE = '<!-- written by npm run docs -->'
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
const fenced = (lines: readonly string[]) => ['```sh', ...lines, '```'].join('\n')
/** Options are code: as words, a line would break after their first hyphens. */
const prose = (text: string) =>
  text
    .replaceAll('<', '&lt;')
    .replace(/(?<![\w`=/.-])(?:greyctl(?: [a-z]+){1,2} )?--[a-z][\w-]*(?:=[\w:/.-]*\w)?/g, '`$&`')
const cell = (text: string) => prose(text).replaceAll('|', '\\|').replaceAll('\n', ' ')

function row({ name, char, text, value, negatable, multiple }: UsageFlag): readonly [string, string] {
  const names = `${char === undefined ? '' : `-${char}, `}--${negatable ? '[no-]' : ''}${name}`
  return [`\`${names}${value === undefined ? '' : `=${value}`}${multiple ? ' …' : ''}\``, text]
}

function table(title: string, rows: readonly (readonly [string, string])[]): string {
  if (rows.length === 0) return ''
  return [
    `| ${title} | |`,
    '| --- | --- |',
    ...rows.map(([name, text]) => `| ${name.replaceAll('|', '\\|')} | ${cell(text)} |`),
  ].join('\n')
}

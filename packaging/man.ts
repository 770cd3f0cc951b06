import type { Usage, UsageFlag } from '../src/ui/usage/model.js'

export interface Edition {
  readonly version: string
  /** Of the release, epoch seconds: the same page each time. */
  readonly date: number
}

/** Text for troff (man(7)): no character of it is a request or an escape. */
function troff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1')
    .replaceAll('…', '...')
}

const bold = (text: string) => `\\fB${troff(text)}\\fR`
const italic = (text: string) => `\\fI${troff(text)}\\fR`

function title(name: string, { version, date }: Edition): string {
  const day = new Date(date * 1000).toISOString().slice(0, 10)
  return `.TH ${name.toUpperCase()} 8 ${day} "greyctl ${version}" "System Administration"`
}

/** `greyctl-store-show.8` and its text. Pure. */
export function manPage(usage: Usage, edition: Edition): { readonly file: string; readonly text: string } {
  const name = `greyctl-${usage.command.replaceAll(' ', '-')}`
  const own = usage.flags.filter(({ global }) => !global)
  const shared = usage.flags.filter(({ global }) => global)
  const words = usage.arguments.map(({ name: word, required }) =>
    required ? italic(word) : `[${italic(word)}]`,
  )
  const lines = [
    title(name, edition),
    '.SH NAME',
    `${troff(name)} \\- ${troff(usage.summary)}`,
    '.SH SYNOPSIS',
    `${bold(`greyctl ${usage.command}`)} [${italic('options')}]${words.map((word) => ` ${word}`).join('')}`,
    ...(usage.description === '' ? [] : ['.SH DESCRIPTION', paragraphs(usage.description)]),
    ...(usage.arguments.length === 0 ? [] : ['.SH ARGUMENTS']),
    ...usage.arguments.flatMap(({ name: word, text }) => ['.TP', italic(word), troff(text)]),
    ...(own.length === 0 ? [] : ['.SH OPTIONS']),
    ...own.flatMap(option),
    ...(shared.length === 0 ? [] : ['.SH OPTIONS OF ALL COMMANDS']),
    ...shared.flatMap(option),
    ...EXIT_STATUS,
    ...(usage.examples.length === 0 ? [] : ['.SH EXAMPLES', '.nf', ...usage.examples.map(troff), '.fi']),
    '.SH SEE ALSO',
    `${bold('greyctl')}(8), ${bold('postconf')}(5)`,
  ]
  return { file: `${name}.8`, text: `${lines.join('\n')}\n` }
}

/** greyctl(8): what there is, with a line each. Pure. */
export function overviewPage(commands: readonly Usage[], edition: Edition): string {
  const lines = [
    title('greyctl', edition),
    '.SH NAME',
    'greyctl \\- greylisting for Postfix',
    '.SH SYNOPSIS',
    `${bold('greyctl')} ${italic('command')} [${italic('options')}]`,
    '.SH DESCRIPTION',
    troff(
      'Puts greylisting on a Postfix mail server, proves with real mail that it works, tells what it did to each mail, and finds what keeps it from working. When anything of it fails, mail flows ungreylisted.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(({ command, summary }) => [
      '.TP',
      `${bold(`greyctl-${command.replaceAll(' ', '-')}`)}(8)`,
      troff(summary),
    ]),
    ...EXIT_STATUS,
    '.SH FILES',
    ...FILES.flatMap(([path, text]) => ['.TP', italic(path), troff(text)]),
    '.SH SEE ALSO',
    `${bold('postconf')}(5), ${bold('regexp_table')}(5), ${bold('systemctl')}(1)`,
  ]
  return `${lines.join('\n')}\n`
}

function option({ name, char, text, value, options, negatable, multiple }: UsageFlag): readonly string[] {
  const names = [
    ...(char === undefined ? [] : [bold(`-${char}`)]),
    bold(`--${negatable ? '[no-]' : ''}${name}`),
  ].join(', ')
  // a line that cannot be broken has to be short
  const many = options.length > 4
  const after = value === undefined ? '' : `=${italic(many ? name.toUpperCase() : value)}`
  const said = many ? `${text}: ${options.join(', ')}` : text
  return ['.TP', `${names}${after}${multiple ? ' ...' : ''}`, troff(said)]
}

function paragraphs(text: string): string {
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => troff(paragraph.trim()))
    .join('\n.PP\n')
}

const EXIT_STATUS = [
  '.SH EXIT STATUS',
  '0 fine, or nothing to do; 1 something is wrong, or a change failed and was put back; 2 usage;',
  '3 it could not look; 4 inconclusive.',
]

const FILES = [
  ['/etc/default/greyctl', "the daemon's options"],
  ['/etc/greyctl/greyctl.toml', 'what options cannot say'],
  [
    '/etc/greyctl/whitelist_clients, whitelist_recipients',
    'never greylisted; the own entries of a server go into the same names with .local',
  ],
  ['/etc/postfix/check_client_greylist', 'which clients selective greylisting asks to come back'],
  ['/var/lib/greyctl', 'triplets, checkpoints'],
] as const

import type { Usage, UsageFlag } from './model.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** A completion script for this shell; it asks greyctl nothing when it runs. Pure. */
export function completion(shell: Shell, commands: readonly Usage[]): string {
  return { bash, zsh, fish }[shell](commands)
}

/** Values that are names of files. */
const FILES = /^(?:FILE|PATH|DIR|lmdb:DIR.*)$/
/** Commands that take a file without a flag before it. */
const takesFile = (usage: Usage) => usage.arguments.some(({ name }) => name === 'FILE')

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
const firstWords = (commands: readonly Usage[]) => [
  ...new Set(commands.map(({ command }) => command.split(' ')[0] ?? '')),
]
const topics = (commands: readonly Usage[]) =>
  firstWords(commands).filter((word) => commands.every(({ command }) => command !== word))
const below = (commands: readonly Usage[], topic: string) =>
  commands.filter(({ command }) => command.startsWith(`${topic} `))
const lastWord = ({ command }: Usage) => command.slice(command.lastIndexOf(' ') + 1)
const flagWords = (flags: readonly UsageFlag[]) => [
  ...flags.flatMap(({ name, negatable }) => [`--${name}`, ...(negatable ? [`--no-${name}`] : [])]),
  ...flags.flatMap(({ char }) => (char === undefined ? [] : [`-${char}`])),
]

/** The branches of a `case "$command $word"` that put a command together word by word; sh's, which bash and zsh read. */
function commandCases(commands: readonly Usage[], indent: number): string {
  const branch = (patterns: readonly string[], command: string) =>
    `${' '.repeat(indent)}${patterns.map(quoted).join('|')}) command=${command} ;;`
  const first = firstWords(commands).map((word) => ` ${word}`)
  return [
    branch(first, '$word'),
    ...topics(commands).map((topic) =>
      branch(
        below(commands, topic).map(({ command }) => command),
        '"$command $word"',
      ),
    ),
  ].join('\n')
}

function bash(commands: readonly Usage[]): string {
  const valued = commands.flatMap((usage) => usage.flags.map((flag) => ({ usage, flag })))
  const choices = valued
    .filter(({ flag }) => flag.options.length > 0)
    .map(
      ({ usage, flag }) =>
        `        ${quoted(`${usage.command} --${flag.name}`)}) words=${quoted(flag.options.join(' '))} ;;`,
    )
  const files = new Set(
    valued.filter(({ flag }) => FILES.test(flag.value ?? '')).map(({ flag }) => `*' --${flag.name}'`),
  )
  const others = new Set(
    valued
      .filter(({ flag }) => flag.value !== undefined && flag.options.length === 0 && !FILES.test(flag.value))
      .map(({ usage, flag }) => quoted(`${usage.command} --${flag.name}`)),
  )
  return `# bash completion for greyctl; made by: greyctl completion bash
_greyctl() {
    local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command='' words='' word
    [[ $cur == '=' ]] && cur=''
    [[ $before == '=' ]] && before=\${COMP_WORDS[COMP_CWORD-2]}
    for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$command $word" in
${commandCases(commands, 12)}
        esac
    done
    case "$command $before" in
${choices.join('\n')}
        ${[...files].join('|')}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        ${[...others].join('|')}) return ;;
    esac
    if [[ -z $words ]]; then
        case $command in
            '') words=${quoted(firstWords(commands).join(' '))} ;;
${topics(commands)
  .map(
    (topic) =>
      `            ${quoted(topic)}) words=${quoted(below(commands, topic).map(lastWord).join(' '))} ;;`,
  )
  .join('\n')}
${commands.map((usage) => `            ${quoted(usage.command)}) [[ $cur == -* ]] && words=${quoted(flagWords(usage.flags).join(' '))} ;;`).join('\n')}
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
${
  commands.some(takesFile)
    ? `    [[ ${commands
        .filter(takesFile)
        .map(({ command }) => `$command == ${quoted(command)}`)
        .join(' || ')} ]] && [[ $cur != -* ]] && compopt -o default\n`
    : ''
}    return 0
}
complete -F _greyctl greyctl
`
}

/** zsh: what _arguments(1) takes for a flag. */
function zshFlag({ name, char, text, value, options, negatable, multiple }: UsageFlag): readonly string[] {
  const said = text.replace(/[[\]\\]/g, '\\$&')
  const what = options.length > 0 ? `:(${options.join(' ')})` : FILES.test(value ?? '') ? ':_files' : ': '
  const argument =
    value === undefined ? '' : `:${(value.split(/[=:|]/)[0] ?? '').toLowerCase() || 'value'}${what}`
  const star = multiple ? '*' : ''
  const long = `${star}--${name}${value === undefined ? '' : '='}[${said}]${argument}`
  const short = char === undefined ? [] : [`${star}-${char}[${said}]${argument}`]
  const not = negatable ? [`--no-${name}[not that]`] : []
  return [long, ...short, ...not].map(quoted)
}

function zsh(commands: readonly Usage[]): string {
  const listed = (name: string, rows: readonly (readonly [string, string])[]) =>
    `${name}=(${rows.map(([word, text]) => `\n    ${quoted(`${word}:${text.replaceAll(':', '\\:')}`)}`).join('')}\n  )`
  const summaryOf = (word: string) =>
    commands.find(({ command }) => command === word)?.summary ?? 'what the daemon remembers'
  const cases = commands.map(
    (usage) => `    ${quoted(usage.command)})
      _arguments ${[...usage.flags.flatMap(zshFlag), quoted(takesFile(usage) ? '*:file:_files' : '*: : ')].join(' \\\n        ')}
      ;;`,
  )
  return `#compdef greyctl
# zsh completion for greyctl; made by: greyctl completion zsh
_greyctl() {
  local command='' word
  local -a names
  integer at=2
  while (( at < CURRENT )); do
    word=$words[at]
    case "$command $word" in
${commandCases(commands, 6)}
    esac
    (( at++ ))
  done
  case $command in
    '')
      ${listed(
        'names',
        firstWords(commands).map((word) => [word, summaryOf(word)] as const),
      )}
      _describe command names
      ;;
${topics(commands)
  .map(
    (topic) => `    ${quoted(topic)})
      ${listed(
        'names',
        below(commands, topic).map((usage) => [lastWord(usage), usage.summary] as const),
      )}
      _describe command names
      ;;`,
  )
  .join('\n')}
${cases.join('\n')}
  esac
}
# read from fpath it is the function's own text; sourced, it has to be told whose completion it is
if [[ $funcstack[1] == _greyctl ]]; then _greyctl "$@"; else compdef _greyctl greyctl; fi
`
}

function fish(commands: readonly Usage[]): string {
  const lines = firstWords(commands).map((word) => {
    const summary = commands.find(({ command }) => command === word)?.summary ?? 'what the daemon remembers'
    return `complete -c greyctl -n __fish_use_subcommand -a ${word} -d ${fishQuoted(summary)}`
  })
  for (const topic of topics(commands)) {
    const names = below(commands, topic).map(lastWord).join(' ')
    for (const usage of below(commands, topic)) {
      lines.push(
        `complete -c greyctl -n '__fish_seen_subcommand_from ${topic}; and not __fish_seen_subcommand_from ${names}' -a ${lastWord(usage)} -d ${fishQuoted(usage.summary)}`,
      )
    }
  }
  for (const usage of commands) {
    const seen = usage.command.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`)
    const when = `-n '${seen.join('; and ')}'`
    for (const flag of usage.flags) lines.push(`complete -c greyctl ${when} ${fishFlag(flag)}`)
    for (const { name } of usage.flags.filter(({ negatable }) => negatable)) {
      lines.push(`complete -c greyctl ${when} -l no-${name} -d 'not that'`)
    }
    if (takesFile(usage)) lines.push(`complete -c greyctl ${when} -F`)
  }
  return `# fish completion for greyctl; made by: greyctl completion fish\ncomplete -c greyctl -f\n${lines.join('\n')}\n`
}

const fishQuoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`

function fishFlag({ name, char, text, value, options }: UsageFlag): string {
  const argument =
    value === undefined
      ? ''
      : options.length > 0
        ? ` -x -a ${fishQuoted(options.join(' '))}`
        : FILES.test(value)
          ? ' -r -F'
          : ' -x'
  return `-l ${name}${char === undefined ? '' : ` -s ${char}`}${argument} -d ${fishQuoted(text)}`
}

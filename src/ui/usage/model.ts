/** The part of oclif's manifest that completions, manual pages and docs are made from. */
export interface CommandSource {
  readonly summary?: string | undefined
  readonly description?: string | undefined
  readonly examples?: readonly unknown[] | undefined
  readonly hidden?: boolean | undefined
  readonly flags: Readonly<Record<string, FlagSource>>
  readonly args: Readonly<Record<string, ArgumentSource>>
}

interface FlagSource {
  readonly type: string
  readonly char?: string | undefined
  readonly summary?: string | undefined
  readonly description?: string | undefined
  readonly options?: readonly string[] | undefined
  readonly helpValue?: string | readonly string[] | undefined
  readonly helpGroup?: string | undefined
  readonly allowNo?: boolean | undefined
  readonly multiple?: boolean | undefined
  readonly hidden?: boolean | undefined
}

interface ArgumentSource {
  readonly description?: string | undefined
  readonly required?: boolean | undefined
  readonly hidden?: boolean | undefined
}

export interface Usage {
  /** As it is typed: `store show`. */
  readonly command: string
  readonly summary: string
  /** Paragraphs; lines are wrapped as the source has them. */
  readonly description: string
  /** Without `greyctl` in front where the source leaves it out. */
  readonly examples: readonly string[]
  readonly arguments: readonly { readonly name: string; readonly text: string; readonly required: boolean }[]
  readonly flags: readonly UsageFlag[]
}

export interface UsageFlag {
  /** Without the dashes. */
  readonly name: string
  readonly char: string | undefined
  readonly text: string
  /** What stands for its value; undefined: it takes none. */
  readonly value: string | undefined
  readonly options: readonly string[]
  /** There is `--no-NAME` too. */
  readonly negatable: boolean
  readonly multiple: boolean
  /** One of those that all commands share. */
  readonly global: boolean
}

/** All commands by their names, in the order of the alphabet. Pure. */
export function usages(commands: Readonly<Record<string, CommandSource>>): readonly Usage[] {
  return Object.entries(commands)
    .filter(([, source]) => !source.hidden)
    .map(([id, source]) => usage(id.replaceAll(':', ' '), source))
    .sort((a, b) => (a.command < b.command ? -1 : 1))
}

function usage(command: string, source: CommandSource): Usage {
  const { text, options } = ownOptions(source.description ?? '')
  const flags = Object.entries(source.flags).filter(([, flag]) => !flag.hidden)
  return {
    command,
    summary: source.summary ?? '',
    description: text,
    examples: (source.examples ?? []).map((example) => exampleText(example, command)),
    arguments: Object.entries(source.args)
      .filter(([, argument]) => !argument.hidden)
      .map(([name, argument]) => ({
        name: name.toUpperCase(),
        text: argument.description ?? '',
        required: argument.required === true,
      })),
    flags: [...flags.map(([name, flag]) => usageFlag(name, flag)), ...options].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    ),
  }
}

function usageFlag(name: string, flag: FlagSource): UsageFlag {
  const value = flag.helpValue ?? flag.options?.join('|') ?? name.toUpperCase()
  return {
    name,
    char: flag.char,
    text: flag.summary ?? flag.description ?? '',
    value: flag.type === 'option' ? String(value) : undefined,
    options: flag.options ?? [],
    negatable: flag.allowNo === true,
    multiple: flag.multiple === true,
    global: flag.helpGroup === 'GLOBAL',
  }
}

/** The daemon has postgrey's options, which its description lists a line each: `-i, --inet=[HOST:]PORT: what it does`. */
function ownOptions(description: string): { text: string; options: readonly UsageFlag[] } {
  const options: UsageFlag[] = []
  const rest: string[] = []
  let last: UsageFlag[] = []
  for (const line of description.split('\n')) {
    const [, head = '', text = ''] = /^\s*(-{1,2}\w\S*(?:,? +-\S+)*)(?:: (.*))?$/.exec(line) ?? []
    if (head !== '') last = optionsOf(head, text)
    else if (/^\s{4,}\S/.test(line) && last.length > 0) {
      last = last.map((option) => ({ ...option, text: `${option.text} ${line.trim()}` }))
      options.splice(-last.length)
    } else {
      rest.push(line)
      last = []
    }
    options.push(...last)
  }
  return {
    text: rest
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .trim(),
    options,
  }
}

/** What stands before the colon: several names share a text. */
function optionsOf(head: string, text: string): UsageFlag[] {
  const char = /(?:^|, )-(\w)(?:,|$)/.exec(head)?.[1]
  return [...head.matchAll(/--([\w-]+)(\[?=(\S+?)\]?)?(?=,|\s|$)/g)].map(([, name = '', , value], at) => ({
    name,
    char: at === 0 ? char : undefined,
    text,
    value,
    options: value !== undefined && /^[a-z]+(\|[a-z]+)+$/.test(value) ? value.split('|') : [],
    negatable: false,
    multiple: text.includes('repeatable'),
    global: false,
  }))
}

function exampleText(example: unknown, command: string): string {
  const text =
    typeof example === 'string' ? example : String((example as { command?: unknown }).command ?? '')
  return text.replaceAll('<%= config.bin %>', 'greyctl').replaceAll('<%= command.id %>', command)
}

import { parseArgs } from 'node:util'
import * as v from 'valibot'
import { GreyctlError } from '../errors.js'
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from './config/settings.js'
import { longForm } from './getopt.js'

/** What the command line said. */
export interface Flags {
  readonly help: boolean
  readonly version: boolean
  readonly check: boolean
  readonly config: string | undefined
  readonly inet: string | undefined
  readonly unix: string | undefined
  readonly socketmode: string | undefined
  readonly store: string | undefined
  readonly durability: string | undefined
  readonly metrics: string | undefined
  readonly settings: Settings
  /** A setting as it was given. */
  said(name: SettingName): string
}

/** Flags that are no settings: what to do, where to listen and where to remember. */
const OTHERS = {
  help: { type: 'boolean', short: 'h' },
  man: { type: 'boolean' },
  version: { type: 'boolean' },
  check: { type: 'boolean' },
  config: { type: 'string' },
  inet: { type: 'string', short: 'i' },
  unix: { type: 'string', short: 'u' },
  socketmode: { type: 'string' },
  store: { type: 'string' },
  dbdir: { type: 'string' },
  durability: { type: 'string' },
  metrics: { type: 'string' },
} as const

const FLAGS = {
  ...Object.fromEntries(SETTING_NAMES.map((name) => [name, flagOf(name)])),
  ...OTHERS,
}

function flagOf(name: SettingName) {
  const { flag, short } = SETTINGS[name] as { flag: string; short?: string }
  return {
    type: flag === 'switch' ? 'boolean' : 'string',
    multiple: flag === 'list',
    ...(short === undefined ? {} : { short }),
  } as const
}

type Value = string | boolean | readonly string[] | undefined
type Others = { readonly [Name in keyof typeof OTHERS]?: Value }

/** Throws GreyctlError('usage') that names the flag. */
export function parseFlags(argv: readonly string[]): Flags {
  const values = parse(argv) as Readonly<Record<string, Value>> & Others
  const text = (name: keyof typeof OTHERS) => values[name] as string | undefined
  const said = (name: SettingName) => {
    const value = values[name]
    return value === true ? `--${name}` : `--${name}=${value}`
  }
  return {
    help: values.help === true || values.man === true,
    version: values.version === true,
    check: values.check === true,
    config: text('config'),
    inet: text('inet'),
    unix: text('unix'),
    socketmode: text('socketmode'),
    store: text('store') ?? (values.dbdir === undefined ? undefined : `lmdb:${values.dbdir}`),
    durability: text('durability'),
    metrics: text('metrics'),
    settings: checked(values, said),
    said,
  }
}

function checked(given: Readonly<Record<string, Value>>, said: (name: SettingName) => string): Settings {
  const settings: Record<string, unknown> = {}
  for (const name of SETTING_NAMES) {
    const value = given[name]
    if (value === undefined) continue
    const { flag, check } = SETTINGS[name]
    const result = v.safeParse(check, flag === 'number' ? numeric(value) : value)
    if (!result.success) throw usage(`${said(name)}: ${result.issues[0].message}`)
    settings[name] = result.output
  }
  return settings as Settings
}

/** Digits alone are a number; the check complains of anything else. */
function numeric(value: Value): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
}

function parse(argv: readonly string[]) {
  const args = longForm(argv, (name) => {
    const flag = (FLAGS as Readonly<Record<string, { type: string }>>)[name]
    return flag && flag.type === 'string'
  })
  try {
    return parseArgs({ args, options: FLAGS, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw usage(
      (error as Error).message.split('\n')[0]?.replace(/\.(?: To specify.*)?$/, '') ?? 'bad options',
    )
  }
}

export function usage(message: string): GreyctlError {
  return new GreyctlError('usage', message, { hints: ['see greyctl daemon --help'] })
}

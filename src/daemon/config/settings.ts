import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import * as v from 'valibot'
import { type Network, parseNetwork } from '../../greylist/address.js'
import { parseRetryWindow } from '../../greylist/policy.js'

/** How a setting is given on the command line: alone, with a value, or several times. */
type FlagKind = 'switch' | 'number' | 'text' | 'list'

interface Setting<Check extends v.GenericSchema> {
  readonly flag: FlagKind
  readonly short?: string
  readonly check: Check
}

/**
 * What can be said both as a flag (`--delay=60`) and as a key at the top of greyctl.toml (`delay = 60`): one line each.
 * The names and meanings are postgrey's where it has them.
 */
export const SETTINGS = {
  delay: number(delaySeconds()),
  'retry-window': text(retryWindow()),
  'max-age': number(whole(1, 3650)),
  'auto-whitelist-clients': number(whole(0, 1_000_000)),
  ipv4cidr: number(whole(1, 32)),
  ipv6cidr: number(whole(1, 128)),
  identity: text(oneOf('pool', 'subnet')),
  resolver: text(server()),
  'lookup-by-subnet': onOff(),
  'lookup-by-host': onOff(),
  learn: onOff(),
  privacy: onOff(),
  'whitelist-clients': list(files()),
  'whitelist-recipients': list(files()),
  'greylist-action': text(action()),
  'greylist-text': text(line(300)),
  'x-greylist-header': text(line(900)),
  hostname: text(line(255)),
  exim: onOff(),
  'listen-queue-size': number(whole(1, 65_535)),
  'may-ask': list(networks()),
  user: text(word()),
  group: text(word()),
  daemonize: onOff('d'),
  pidfile: text(absolutePath()),
  'syslog-facility': text(facility()),
  'log-format': text(oneOf('text', 'json')),
  quiet: onOff('q'),
  verbose: onOff('v'),
  'test-clock': onOff(),
} as const satisfies Record<string, Setting<v.GenericSchema>>

type Table = typeof SETTINGS
export type SettingName = keyof Table
export type Settings = {
  readonly [Name in SettingName]?: v.InferOutput<Table[Name]['check']> | undefined
}
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]

type Optional<Check extends v.GenericSchema> = v.OptionalSchema<Check, undefined>

/** For the schema of the file. */
export const SETTING_ENTRIES = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, v.optional(SETTINGS[name].check as v.GenericSchema)]),
) as unknown as { readonly [Name in SettingName]: Optional<Table[Name]['check']> }

function number<Check extends v.GenericSchema>(check: Check) {
  return { flag: 'number', check } as const
}

function text<Check extends v.GenericSchema>(check: Check) {
  return { flag: 'text', check } as const
}

function list<Check extends v.GenericSchema>(check: Check) {
  return { flag: 'list', check } as const
}

function onOff(short?: string) {
  return { flag: 'switch', check: v.boolean('must be true or false'), ...(short ? { short } : {}) } as const
}

export function whole(least: number, most: number) {
  const message = `must be a whole number from ${least} to ${most}`
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message), v.maxValue(most, message))
}

export function delaySeconds() {
  return whole(0, 7 * 86_400)
}

export function oneOf<const Words extends readonly [string, ...string[]]>(...words: Words) {
  return v.picklist(words, `must be ${words.map((word) => `"${word}"`).join(' or ')}`)
}

/** In seconds. */
function retryWindow() {
  const message = 'must be a number of days, or of hours followed by h ("6h")'
  return v.pipe(
    v.union([v.string(), v.number()], message),
    v.check((given) => parseRetryWindow(String(given)) !== undefined, message),
    v.transform((given) => parseRetryWindow(String(given)) ?? 0),
  )
}

/** Anything that would accept mail could pass by the relay restrictions: refused (access(5)). */
function action() {
  const message = 'must be DEFER_IF_PERMIT, DEFER, REJECT or a code such as 451'
  return v.pipe(
    v.string(message),
    v.regex(/^(?:DEFER_IF_PERMIT|DEFER_IF_REJECT|DEFER|REJECT|[45]\d\d)(?: [\x20-\x7e]*)?$/i, message),
  )
}

function line(longest: number) {
  const message = `must be a text of one line, of at most ${longest} characters`
  return v.pipe(
    v.string(message),
    v.regex(/^[^\u0000-\u001f\u007f]*$/, message),
    v.maxLength(longest, message),
    v.transform(toBytes),
  )
}

export function word() {
  const message = 'must be a name'
  return v.pipe(v.string(message), v.regex(/^[\w.-]+\$?$/, message))
}

export function absolutePath() {
  const message = 'must be an absolute path'
  return v.pipe(
    v.string(message),
    v.check((path) => isAbsolute(path) && !path.includes('\0'), message),
  )
}

function files() {
  return v.array(
    v.pipe(v.string('must be the path of a file'), v.minLength(1, 'must be the path of a file')),
    'must be a list of files',
  )
}

/** As `dns.Resolver` takes it. */
function server() {
  const message = 'must be the address of a DNS server, with :PORT where it is not 53'
  const port = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([\da-f:.]+)\])(?::\d{1,5})?$/i
  return v.pipe(
    v.string(message),
    v.check((given) => {
      const [, ipv4, ipv6] = port.exec(given) ?? []
      return isIP(ipv4 ?? ipv6 ?? given) !== 0
    }, message),
  )
}

function facility() {
  const message = 'must be a facility such as mail or local0'
  return v.pipe(v.string(message), v.regex(/^[a-z\d]{1,16}$/, message))
}

/** Everything that is compared with a client's bytes, or sent to one, has one character a byte. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

export function inetAddress() {
  const message = 'must be PORT, HOST:PORT or [ADDRESS]:PORT'
  return v.pipe(
    v.string(message),
    v.check((text) => parseInet(text) !== undefined, message),
    v.transform((text) => parseInet(text) as InetAddress),
  )
}

export interface InetAddress {
  /** `*`: every address of this machine. */
  readonly host: string
  readonly port: number
}

function parseInet(text: string): InetAddress | undefined {
  const match = /^(?:(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) return undefined
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port }
}

/** Octal digits to a mode. */
export function socketMode() {
  const message = 'must be an octal mode such as "0660"'
  return v.pipe(
    v.string(message),
    v.regex(/^[0-7]{1,4}$/, message),
    v.transform((text) => Number.parseInt(text, 8)),
  )
}

export function networks() {
  const message = 'must be addresses and networks, such as "192.0.2.0/24"'
  return v.array(
    v.pipe(
      v.string(message),
      v.check((text) => parseNetwork(text) !== undefined, message),
      v.transform((text) => parseNetwork(text) as Network),
    ),
    message,
  )
}

import { hostname } from 'node:os'
import { isAbsolute } from 'node:path'
import { parseArgs } from 'node:util'
import { GreyctlError } from '../errors.js'
import { DEFAULT_POLICY, days, type PolicyNumbers, parseRetryWindow } from '../greylist/policy.js'
import { DEFAULT_ACTION, DEFAULT_HEADER, DEFAULT_TEXT } from '../greylist/reply.js'
import type { Durability } from '../store/journaled.js'
import { parseStoreSpec, type StoreSpec } from '../store/open.js'
import type { Endpoint } from './server.js'

export interface DaemonOptions {
  readonly help: boolean
  readonly version: boolean
  readonly check: boolean
  readonly endpoints: readonly Endpoint[]
  readonly daemonize: boolean
  readonly pidfile: string | undefined
  readonly user: string | undefined
  readonly group: string | undefined
  readonly store: StoreSpec
  readonly durability: Durability
  readonly policy: PolicyNumbers
  readonly clientFiles: readonly string[]
  readonly recipientFiles: readonly string[]
  readonly action: string
  readonly text: string
  readonly header: string
  readonly hostname: string
  readonly facility: string
  readonly quiet: boolean
  readonly verbose: boolean
  readonly testClock: boolean
}

const CONFIG = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  check: { type: 'boolean' },
  verbose: { type: 'boolean', short: 'v' },
  quiet: { type: 'boolean', short: 'q' },
  unix: { type: 'string', short: 'u' },
  socketmode: { type: 'string' },
  inet: { type: 'string', short: 'i' },
  daemonize: { type: 'boolean', short: 'd' },
  pidfile: { type: 'string' },
  user: { type: 'string' },
  group: { type: 'string' },
  dbdir: { type: 'string' },
  store: { type: 'string' },
  durability: { type: 'string' },
  delay: { type: 'string' },
  'max-age': { type: 'string' },
  'retry-window': { type: 'string' },
  'auto-whitelist-clients': { type: 'string' },
  'whitelist-clients': { type: 'string', multiple: true },
  'whitelist-recipients': { type: 'string', multiple: true },
  'greylist-action': { type: 'string' },
  'greylist-text': { type: 'string' },
  'x-greylist-header': { type: 'string' },
  hostname: { type: 'string' },
  ipv4cidr: { type: 'string' },
  ipv6cidr: { type: 'string' },
  'lookup-by-subnet': { type: 'boolean' },
  'lookup-by-host': { type: 'boolean' },
  'syslog-facility': { type: 'string' },
  syslogfacility: { type: 'string' },
  facility: { type: 'string' },
  learn: { type: 'boolean' },
  'test-clock': { type: 'boolean' },
} as const

export interface OptionsContext {
  /** Descriptors that systemd handed over. */
  readonly inherited: readonly number[]
}

/** Throws GreyctlError('usage') that names the option. */
export function parseOptions(
  argv: readonly string[],
  context: OptionsContext = { inherited: [] },
): DaemonOptions {
  const values = parse(argv)
  const help = values.help ?? false
  const version = values.version ?? false
  const endpoints =
    help || version ? [] : endpointsOf(values.inet, values.unix, values.socketmode, context.inherited)
  const testClock = values['test-clock'] ?? false
  if (testClock && !endpoints.every(isLocal)) {
    throw usage('--test-clock lets clients set the time: it needs a loopback address or a unix socket')
  }
  return {
    help,
    version,
    check: values.check ?? false,
    endpoints,
    daemonize: values.daemonize ?? false,
    pidfile: values.pidfile,
    user: values.user,
    group: values.group,
    store: storeOf(values.store, values.dbdir),
    durability: durabilityOf(values.durability ?? 'strict'),
    policy: policyOf(values),
    clientFiles: values['whitelist-clients'] ?? defaultFiles('whitelist_clients'),
    recipientFiles: values['whitelist-recipients'] ?? defaultFiles('whitelist_recipients'),
    action: actionOf(values['greylist-action'] ?? DEFAULT_ACTION),
    text: values['greylist-text'] || DEFAULT_TEXT,
    header: values['x-greylist-header'] || DEFAULT_HEADER,
    hostname: values.hostname || hostname(),
    facility: facilityOf(values['syslog-facility'] ?? values.syslogfacility ?? values.facility ?? 'mail'),
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
    testClock,
  }
}

type Values = ReturnType<typeof parse>

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: normalise(argv), options: CONFIG, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw usage(
      (error as Error).message.split('\n')[0]?.replace(/\.(?: To specify.*)?$/, '') ?? 'bad options',
    )
  }
}

/** Two habits of postgrey's option parser: one dash before a long name, and an option whose value may be left out. */
function normalise(argv: readonly string[]): string[] {
  const args: string[] = []
  for (const word of argv) {
    const long = /^-[a-z][a-z\d-]+(?:=|$)/.test(word) ? `-${word}` : word
    const previous = args.at(-1)
    if (previous === '--auto-whitelist-clients') {
      args[args.length - 1] = /^\d+$/.test(word) ? `${previous}=${word}` : `${previous}=5`
      if (/^\d+$/.test(word)) continue
    }
    args.push(long)
  }
  if (args.at(-1) === '--auto-whitelist-clients') args[args.length - 1] += '=5'
  return args
}

function endpointsOf(
  inet: string | undefined,
  unix: string | undefined,
  socketmode: string | undefined,
  inherited: readonly number[],
): Endpoint[] {
  if (inherited.length > 0) return inherited.map((descriptor) => ({ kind: 'descriptor', descriptor }))
  const endpoints: Endpoint[] = []
  if (inet !== undefined) endpoints.push(inetEndpoint(inet))
  if (unix !== undefined) {
    if (!isAbsolute(unix)) throw usage(`--unix=${unix}: must be an absolute path`)
    const mode = socketmode ?? '0666'
    if (!/^[0-7]{1,4}$/.test(mode)) throw usage(`--socketmode=${mode}: must be an octal mode such as 0666`)
    endpoints.push({ kind: 'unix', path: unix, mode: Number.parseInt(mode, 8) })
  }
  if (endpoints.length === 0) throw usage('--inet or --unix must say where to listen')
  return endpoints
}

function inetEndpoint(text: string): Endpoint {
  const match = /^(?:(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (!match || port > 65_535) {
    throw usage(`--inet=${text}: must be PORT, HOST:PORT or [ADDRESS]:PORT`)
  }
  return { kind: 'inet', host: match[1] ?? match[2] ?? '127.0.0.1', port }
}

function isLocal(endpoint: Endpoint): boolean {
  if (endpoint.kind !== 'inet') return endpoint.kind === 'unix'
  return endpoint.host === 'localhost' || endpoint.host === '::1' || /^127(?:\.\d+){3}$/.test(endpoint.host)
}

function storeOf(store: string | undefined, dbdir: string | undefined): StoreSpec {
  const text = store ?? (dbdir === undefined ? 'lmdb:/var/lib/greyctl/store' : `lmdb:${dbdir}`)
  const spec = parseStoreSpec(text)
  if (!spec) throw usage(`--store=${text}: must be lmdb:DIRECTORY (an absolute path) or memory:`)
  return spec
}

function durabilityOf(text: string): Durability {
  if (text === 'strict' || text === 'relaxed') return text
  throw usage(`--durability=${text}: must be strict or relaxed`)
}

function policyOf(values: Values): PolicyNumbers {
  const window = values['retry-window']
  const retryWindow = window === undefined ? DEFAULT_POLICY.retryWindow : parseRetryWindow(window)
  if (retryWindow === undefined) {
    throw usage(`--retry-window=${window}: must be a number of days, or of hours followed by h (6h)`)
  }
  const delay = number('delay', values.delay, DEFAULT_POLICY.delay, 0, 7 * 86_400)
  if (delay > retryWindow) {
    throw usage(
      `--delay=${delay}: longer than the retry window (${retryWindow} s), so nothing would ever pass`,
    )
  }
  const byHost = values['lookup-by-host'] ?? false
  return {
    delay,
    retryWindow,
    maxAge: days(number('max-age', values['max-age'], 35, 1, 3650)),
    autoWhitelist: number(
      'auto-whitelist-clients',
      values['auto-whitelist-clients'],
      DEFAULT_POLICY.autoWhitelist,
      0,
      1_000_000,
    ),
    ipv4Prefix: byHost ? 32 : number('ipv4cidr', values.ipv4cidr, DEFAULT_POLICY.ipv4Prefix, 1, 32),
    ipv6Prefix: byHost ? 128 : number('ipv6cidr', values.ipv6cidr, DEFAULT_POLICY.ipv6Prefix, 1, 128),
    learn: values.learn ?? false,
  }
}

function number(
  name: string,
  text: string | undefined,
  otherwise: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!/^\d{1,9}$/.test(text) || value < least || value > most) {
    throw usage(`--${name}=${text}: must be a whole number from ${least} to ${most}`)
  }
  return value
}

/** Anything that would accept mail could pass by the relay restrictions: refused. */
function actionOf(text: string): string {
  if (/^(?:DEFER_IF_PERMIT|DEFER_IF_REJECT|DEFER|REJECT|[45]\d\d)(?: [\x20-\x7e]*)?$/i.test(text)) return text
  throw usage(`--greylist-action=${text}: must be DEFER_IF_PERMIT, DEFER, REJECT or a code such as 451`)
}

function facilityOf(text: string): string {
  if (/^[a-z\d]{1,16}$/.test(text)) return text
  throw usage(`--syslog-facility=${text}: must be a facility such as mail or local0`)
}

function defaultFiles(name: string): string[] {
  return [`/etc/greyctl/${name}`, `/etc/greyctl/${name}.local`]
}

function usage(message: string): GreyctlError {
  return new GreyctlError('usage', message, { hints: ['see greyctl daemon --help'] })
}

import { hostname } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import type { Network } from '../greylist/address.js'
import { DEFAULT_POLICY, days, type PolicyNumbers } from '../greylist/policy.js'
import { DEFAULT_ACTION, DEFAULT_HEADER, DEFAULT_TEXT } from '../greylist/reply.js'
import type { Durability } from '../store/journaled.js'
import { complainOfStore, parseStoreSpec, type StoreSpec } from '../store/spec.js'
import { type ConfigFile, DEFAULT_CONFIG, readConfig } from './config/file.js'
import { type MetricsListen, parseMetricsListen } from './config/metrics-listen.js'
import { SETTING_NAMES, type SettingName, type Settings } from './config/settings.js'
import { assertGuarded, DEFAULT_BACKLOG, type Endpoint, endpointsOf, isLocal } from './endpoints.js'
import { type Flags, parseFlags, usage } from './flags.js'

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
  /** Where metrics are served; undefined: nowhere. */
  readonly metrics: MetricsListen | undefined
  readonly policy: PolicyNumbers
  /** A pool's machines are one client, or only those of one network are (postgrey's way). */
  readonly identity: 'pool' | 'subnet'
  /** The DNS server to ask about senders; undefined: those of the system. */
  readonly resolver: string | undefined
  readonly clientFiles: readonly string[]
  readonly recipientFiles: readonly string[]
  readonly action: string
  readonly text: string
  readonly header: string
  readonly hostname: string
  readonly facility: string
  readonly logFormat: 'text' | 'json'
  readonly quiet: boolean
  readonly verbose: boolean
  readonly testClock: boolean
  /** Networks that may ask, beside this machine. */
  readonly mayAsk: readonly Network[]
  /** Close a connection after its answer. */
  readonly exim: boolean
  /** Connections that may wait to be accepted. */
  readonly backlog: number
  /** Store keyed hashes instead of addresses. */
  readonly privacy: boolean
  /** greyctl.toml, where there is one. */
  readonly file: ConfigFile | undefined
  /** What a person should know, though it is no mistake: a flag that wins over a key of the file. */
  readonly notes: readonly string[]
}

export interface OptionsContext {
  /** Descriptors that systemd handed over. */
  readonly inherited?: readonly number[]
  /** Read when no --config names another, if it exists. */
  readonly config?: string
}

/** Those of the policy are in greylist/policy. */
const DEFAULTS = {
  daemonize: false,
  'whitelist-clients': defaultFiles('whitelist_clients'),
  'whitelist-recipients': defaultFiles('whitelist_recipients'),
  'greylist-action': DEFAULT_ACTION,
  'syslog-facility': 'mail',
  'log-format': 'text',
  quiet: false,
  verbose: false,
  'test-clock': false,
  'may-ask': [],
  exim: false,
  'listen-queue-size': DEFAULT_BACKLOG,
  privacy: false,
} as const satisfies Settings

type CompleteSettings = Settings & {
  readonly [Name in keyof typeof DEFAULTS]: NonNullable<Settings[Name]>
}

/** Flags win over greyctl.toml, which wins over the defaults. Throws GreyctlError('usage') that names flag or line. */
export function parseOptions(argv: readonly string[], context: OptionsContext = {}): DaemonOptions {
  const flags = parseFlags(argv)
  const idle = flags.help || flags.version
  const file = idle ? undefined : readConfig(flags.config, context.config ?? DEFAULT_CONFIG)
  const settings = { ...DEFAULTS, ...file?.settings, ...flags.settings } as CompleteSettings
  const origin = (name: SettingName) =>
    flags.settings[name] === undefined ? `${file?.where(name)}: ${name}` : flags.said(name)
  const endpoints = idle ? [] : endpointsOf(flags, file, context.inherited ?? [])
  if (settings['may-ask'].length === 0) assertGuarded(endpoints, file)
  const testClock = settings['test-clock']
  if (testClock && !endpoints.every(isLocal)) {
    throw usage('--test-clock lets clients set the time: it needs a loopback address or a unix socket')
  }
  const policy = policyOf(settings, flags.settings, origin)
  if (file !== undefined) assertReachableRules(file, policy.retryWindow)
  return {
    help: flags.help,
    version: flags.version,
    check: flags.check,
    endpoints,
    daemonize: settings.daemonize,
    pidfile: settings.pidfile,
    user: settings.user,
    group: settings.group,
    store: storeOf(flags, file),
    durability: durabilityOf(flags) ?? file?.settings.store?.durability ?? 'strict',
    metrics: metricsOf(flags, file),
    policy,
    ...identityOf(settings),
    clientFiles: settings['whitelist-clients'],
    recipientFiles: settings['whitelist-recipients'],
    action: settings['greylist-action'],
    text: settings['greylist-text'] || DEFAULT_TEXT,
    header: settings['x-greylist-header'] || DEFAULT_HEADER,
    hostname: settings.hostname || hostname(),
    facility: settings['syslog-facility'],
    logFormat: settings['log-format'],
    quiet: settings.quiet,
    // as in postgrey
    verbose: settings.verbose && !settings.quiet,
    testClock,
    mayAsk: settings['may-ask'],
    exim: settings.exim,
    backlog: settings['listen-queue-size'],
    privacy: settings.privacy,
    file,
    notes: file === undefined ? [] : overridden(flags, file),
  }
}

function identityOf({ identity = 'pool', resolver }: Settings): Pick<DaemonOptions, 'identity' | 'resolver'> {
  return { identity, resolver }
}

function overridden(flags: Flags, file: ConfigFile): readonly string[] {
  return SETTING_NAMES.filter(
    (name) => flags.settings[name] !== undefined && file.settings[name] !== undefined,
  ).map((name) => `${file.where(name)}: ${name} counts for nothing: ${flags.said(name)} wins`)
}

/** What a reload cannot change, in the words of greyctl.toml. */
const FIXED = {
  endpoints: 'where to listen',
  store: 'the store',
  durability: 'durability',
  metrics: 'metrics',
  identity: 'identity',
  resolver: 'resolver',
  user: 'user',
  group: 'group',
  pidfile: 'pidfile',
  daemonize: 'daemonize',
  facility: 'syslog-facility',
  logFormat: 'log-format',
  exim: 'exim',
  backlog: 'listen-queue-size',
  privacy: 'privacy',
  verbose: 'verbose',
  testClock: 'test-clock',
} as const satisfies Partial<Record<keyof DaemonOptions, string>>

/** A sentence for each change that waits for the next start. */
export function needsRestart(current: DaemonOptions, next: DaemonOptions): readonly string[] {
  const where = next.file === undefined ? '' : `${next.file.path}: `
  return (Object.keys(FIXED) as (keyof typeof FIXED)[])
    .filter((name) => !isDeepStrictEqual(current[name], next[name]))
    .map((name) => `${where}${FIXED[name]} changes at the next start of the daemon only`)
}

function storeOf(flags: Flags, file: ConfigFile | undefined): StoreSpec {
  const text = flags.store ?? file?.settings.store?.location ?? 'lmdb:/var/lib/greyctl/store'
  const spec = parseStoreSpec(text)
  // the text itself is not repeated: there may be a password in it
  if (!spec) throw usage(`--store: ${complainOfStore(text)}`)
  return spec
}

function durabilityOf({ durability }: Flags): Durability | undefined {
  if (durability === undefined || durability === 'strict' || durability === 'relaxed') return durability
  throw usage(`--durability=${durability}: must be strict or relaxed`)
}

function metricsOf(flags: Flags, file: ConfigFile | undefined): MetricsListen | undefined {
  const text = flags.metrics ?? file?.settings.metrics?.listen
  if (text === undefined) return undefined
  const listen = parseMetricsListen(text)
  if (listen !== undefined) return listen
  throw usage(`--metrics=${text}: must be a port of this machine's own: inet:127.0.0.1:9323, inet:[::1]:9323`)
}

function policyOf(settings: Settings, flags: Settings, origin: (name: SettingName) => string): PolicyNumbers {
  const delay = settings.delay ?? DEFAULT_POLICY.delay
  const retryWindow = settings['retry-window'] ?? DEFAULT_POLICY.retryWindow
  const windowByFlag = flags['retry-window'] !== undefined && flags.delay === undefined
  const blamed = settings.delay === undefined || windowByFlag ? 'retry-window' : 'delay'
  assertReachable(delay, retryWindow, () => origin(blamed))
  // --lookup-by-subnet is the default, but takes back what the file says
  const byHost = flags['lookup-by-host'] ?? (flags['lookup-by-subnet'] ? false : settings['lookup-by-host'])
  return {
    delay,
    retryWindow,
    maxAge: days(settings['max-age'] ?? 35),
    autoWhitelist: settings['auto-whitelist-clients'] ?? DEFAULT_POLICY.autoWhitelist,
    ipv4Prefix: byHost ? 32 : (settings.ipv4cidr ?? DEFAULT_POLICY.ipv4Prefix),
    ipv6Prefix: byHost ? 128 : (settings.ipv6cidr ?? DEFAULT_POLICY.ipv6Prefix),
    learn: settings.learn ?? false,
  }
}

/** A file has delays of recipients too. */
function assertReachableRules(file: ConfigFile, retryWindow: number): void {
  for (const [recipient, { delay }] of Object.entries(file.settings.recipients ?? {})) {
    assertReachable(
      delay ?? 0,
      retryWindow,
      () => `${file.where('recipients', recipient)}: recipients.${recipient}`,
    )
  }
}

function assertReachable(delay: number, retryWindow: number, origin: () => string): void {
  if (delay <= retryWindow) return
  throw usage(
    `${origin()}: a delay of ${delay} s is longer than the retry window (${retryWindow} s), so nothing would ever pass`,
  )
}

function defaultFiles(name: string): string[] {
  return [`/etc/greyctl/${name}`, `/etc/greyctl/${name}.local`]
}

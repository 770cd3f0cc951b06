import type { FactBook } from '../../src/doctor/fact-book.js'
import { masterCfFact } from '../../src/doctor/facts/config.js'
import type { EndpointAnswer } from '../../src/doctor/facts/endpoints.js'
import type { Greylister } from '../../src/doctor/facts/greylisters.js'
import type { Listener } from '../../src/doctor/facts/listeners.js'
import { readEndpoint } from '../../src/doctor/facts/policy-uses.js'
import type { Process } from '../../src/doctor/facts/processes.js'
import type { LogFact } from '../../src/doctor/facts/sign-reader.js'
import type { SignName } from '../../src/doctor/facts/signs.js'
import type { SmtpdAnswer } from '../../src/doctor/facts/smtpd-answers.js'
import type { Stamps } from '../../src/doctor/facts/stamps.js'
import { entriesOf, readerOf, tableTexts } from '../../src/doctor/facts/table-texts.js'
import type { Table } from '../../src/doctor/facts/tables.js'
import type { Unit } from '../../src/doctor/facts/units.js'
import { type Facts, openFacts } from '../../src/doctor/facts.js'
import type { FileStat } from '../../src/host/host.js'
import { MemoryHost } from '../../src/host/memory.js'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import { findManager } from '../../src/postfix/managers.js'

/** A machine as its texts; what follows from them is worked out by the code under test. */
export interface Scene extends Partial<Omit<Facts, 'mainCf' | 'masterCf'>> {
  /** What is special about the file itself. */
  readonly mainCf?: Partial<Facts['mainCf']>
  /** The whole file. */
  readonly main?: string
  /** More lines at the end of the healthy main.cf. */
  readonly more?: string
  readonly master?: string
}

export const NOW = 1_795_000_000

export const HEALTHY_MAIN = `# See /usr/share/postfix/main.cf.dist
compatibility_level = 3.6
myhostname = mx.example.test
mydestination = example.test, localhost
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
# greylisting by greyctl (greyctl uninstall takes this out)
greyctl_check = check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, $greyctl_check
`

export const HEALTHY_MASTER = `smtp      inet  n       -       y       -       -       smtpd
pickup    unix  n       -       y       60      1       pickup
cleanup   unix  n       -       y       -       0       cleanup
`

const SETTINGS: Readonly<Record<string, string>> = {
  mail_version: '3.7.11',
  queue_directory: '/var/spool/postfix',
  mail_owner: 'postfix',
  compatibility_level: '3.6',
  smtpd_relay_before_recipient_restrictions: 'yes',
}

export const file = (path: string, text: string, changes: Partial<Facts['mainCf']> = {}) => ({
  path,
  text,
  uid: 0,
  mode: 0o644,
  modified: NOW - 7200,
  ...changes,
})

/** Tables with their texts, by `type:path`. */
export function texts(files: Readonly<Record<string, string>>): Pick<Facts, 'tableTexts' | 'tables'> {
  const found = Object.entries(files).map(([spec, text]) => {
    const [type = '', path = ''] = spec.split(':')
    return [spec, { lookup: readerOf(type, path, text), entries: entriesOf(path, text) }] as const
  })
  return { tableTexts: tableTexts(new Map(found)), tables: Object.keys(files).map((spec) => table(spec)) }
}

export const listener = (changes: Partial<Listener>): Listener => ({
  address: '127.0.0.1',
  port: '10023',
  path: '',
  waiting: 0,
  backlog: 128,
  process: 'node',
  pid: 711,
  ...changes,
})

export const unit = (changes: Partial<Unit>): Unit => ({
  name: 'greyctl.service',
  load: 'loaded',
  active: 'active',
  sub: 'running',
  file: 'enabled',
  restarts: 0,
  result: 'success',
  mainPid: 711,
  exitStatus: 0,
  program: '/usr/bin/node',
  programThere: true,
  needsReload: false,
  ...changes,
})

export function answer(text: string, changes: Partial<EndpointAnswer> = {}): EndpointAnswer {
  const endpoint = readEndpoint(text, true, '/var/spool/postfix')
  const asked = endpoint.path === '' ? text : `unix:${endpoint.path}`
  return {
    endpoint,
    asked,
    outcome: 'answered',
    answer: 'action=DUNNO\n\n',
    error: undefined,
    seconds: 0.002,
    ...changes,
  }
}

export const greylister = (changes: Partial<Greylister>): Greylister => ({
  name: 'greyctl',
  options: ['--inet=127.0.0.1:10023', '--delay=60'],
  written: '--inet=127.0.0.1:10023 --delay=60',
  where: { ref: '/etc/default/greyctl:4', text: 'GREYCTL_OPTS="--inet=127.0.0.1:10023 --delay=60"' },
  host: '127.0.0.1',
  port: '10023',
  path: '',
  initScript: false,
  unitFile: true,
  ...changes,
})

export const process = (changes: Partial<Process>): Process => ({
  pid: 711,
  name: 'greyctl',
  command: ['/usr/bin/node', '/usr/lib/greyctl/dist/daemon/main.js', '--inet=127.0.0.1:10023', '--delay=60'],
  started: NOW - 3600,
  parent: 1,
  ...changes,
})

export const MASTER = process({ pid: 700, name: 'master', command: ['/usr/lib/postfix/sbin/master', '-w'] })

export const stat = (changes: Partial<FileStat>): FileStat => ({
  kind: 'directory',
  uid: 0,
  gid: 0,
  mode: 0o755,
  size: 4096,
  modified: NOW - 7200,
  ...changes,
})

export const stamps = (changes: Partial<Stamps>): Stamps => ({
  none: 0,
  iso: 4000,
  foreign: { count: 0, example: undefined },
  backwards: undefined,
  hours: { forward: 0, back: 0, example: undefined },
  ...changes,
})

export const log = (changes: Partial<LogFact>): LogFact => ({
  sources: ['/var/log/mail.log'],
  lines: 4000,
  complete: true,
  first: NOW - 80_000,
  newest: NOW - 20,
  reload: { at: NOW - 3600, evidence: { ref: '/var/log/mail.log:1', text: 'reload -- version 3.7.11' } },
  signs: new Map(),
  connects: { total: 300, unknown: 90, addresses: new Map() },
  greylistReject: {
    ref: '/var/log/mail.log:9',
    text: 'NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 450 4.2.0 <a@example.test>: Recipient address rejected: Greylisted, see',
  },
  programs: new Set(['postfix/smtpd', 'greyctl']),
  suppressed: 0,
  stamps: stamps({}),
  ...changes,
})

export const sign = (name: SignName, text: string, last = NOW - 60): Partial<Facts> => ({
  log: log({
    signs: new Map([[name, { count: 3, last, evidence: [{ ref: '/var/log/mail.log:12', text }] }]]),
  }),
})

export const table = (spec: string, changes: Partial<Table> = {}): Table => {
  const [type = '', name = ''] = spec.split(':')
  const state = (path: string, modified: number) => ({ path, modified, uid: 0, mode: 0o644, size: 100 })
  return {
    type,
    name,
    parameter: 'smtpd_recipient_restrictions',
    where: { ref: '/etc/postfix/main.cf:9', text: `check_client_access ${spec}` },
    inRestriction: true,
    source: state(name, NOW - 9000),
    index: /^(hash|btree)$/.test(type) ? state(`${name}.db`, NOW - 8000) : undefined,
    complaints: [],
    ...changes,
  }
}

/** What smtpd says to a stranger. */
export const smtpdAnswer = (changes: Partial<SmtpdAnswer>): SmtpdAnswer => ({
  // a check reads no more of a service than its name
  service: { label: 'smtp inet' } as SmtpdAnswer['service'],
  about: 'own',
  question: 'RCPT TO:<postmaster@example.test>',
  outcome: 'accepted',
  answer: '250 2.1.5 Ok',
  expected: ['accepted', 'deferred'],
  ...changes,
})

/** A connection that failed. */
export const noConnection = (text: string, error: string) =>
  answer(text, { outcome: 'no-connection', answer: '', error })

const HEALTHY: Partial<Facts> = {
  mapTypes: new Set(['btree', 'cidr', 'hash', 'inline', 'proxy', 'regexp', 'static', 'texthash', 'unix']),
  endpoints: [answer('inet:127.0.0.1:10023')],
  listeners: [listener({}), listener({ address: '0.0.0.0', port: '25', process: 'master', pid: 700 })],
  processes: [process({}), MASTER],
  units: [
    unit({}),
    unit({ name: 'greyctl.socket', sub: 'running', mainPid: 0, program: '' }),
    unit({ name: 'postfix.service', sub: 'exited', mainPid: 0, program: '/bin/true' }),
    unit({ name: 'postfix@-.service', file: 'static', mainPid: 700, program: '' }),
  ],
  knownParameters: new Set(
    'smtpd_recipient_restrictions smtpd_relay_restrictions smtpd_client_restrictions mynetworks mydestination myhostname smtpd_delay_reject compatibility_level smtpd_milters smtpd_banner syslog_name'.split(
      ' ',
    ),
  ),
  configFiles: [
    { path: '/etc/postfix/main.cf', stat: stat({ kind: 'file', mode: 0o644 }) },
    { path: '/etc/postfix/master.cf', stat: stat({ kind: 'file', mode: 0o644 }) },
    { path: '/etc/postfix/dynamicmaps.cf', stat: stat({ kind: 'file', mode: 0o644 }) },
  ],
  instances: [],
  smtpdAnswers: [
    smtpdAnswer({}),
    smtpdAnswer({ about: 'relay', outcome: 'deferred', expected: ['deferred'] }),
  ],
  tables: [],
  log: log({}),
  resolver: [],
  whitelists: [],
  stores: [],
  kernel: { outOfMemory: [], selinux: [], apparmor: [] },
  fail2ban: { jail: undefined, journalMatches: [] },
  mails: { stories: [], until: NOW },
  logPlaces: {
    files: [{ path: '/var/log/mail.log', size: 400_000, readable: true, rotated: false }],
    journal: 'there',
    readers: [],
  },
  exchangers: [],
  timeService: { synchronized: true },
  devLog: { path: '/var/spool/postfix/dev/log', there: true },
  reread: { at: NOW - 3600, how: 'started', evidence: { ref: 'process 700', text: 'master' } },
  accounts: new Map([
    ['root', 0],
    ['postfix', 101],
    ['nobody', 65534],
  ]),
  socketPaths: [],
  mailOwner: { name: 'postfix', uid: 101, groups: [102] },
  greylisters: [greylister({})],
  daemon: { refused: [], keptAway: [] },
  pidFiles: [],
  clock: { now: NOW },
}

/** The facts of a machine that is healthy but for what the scene says. */
export function factsOf(scene: Scene = {}): FactBook<Facts> {
  const { main, more, master, mainCf, ...given } = scene
  const text = main ?? HEALTHY_MAIN + (more ?? '')
  const mainFile = file('/etc/postfix/main.cf', text, mainCf)
  const masterText = master ?? HEALTHY_MASTER
  const cf = parseMainCf(text, mainFile.path)
  const own = new Map(cf.definitions.map(({ name, value }) => [name, value]))
  const facts: Partial<Facts> = {
    mainCf: { ...mainFile, cf },
    masterCf: masterCfFact(file('/etc/postfix/master.cf', masterText)),
    postconf: {
      values: new Map(Object.entries({ ...SETTINGS, ...Object.fromEntries(own) })),
      warnings: [],
      fatal: undefined,
    },
    ...HEALTHY,
    platform: { systemd: true, container: undefined, manager: findManager(text, new Set()) },
    ...given,
  }
  return openFacts(new MemoryHost(), { configDir: '/etc/postfix', logs: [] }, facts)
}

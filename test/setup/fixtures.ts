import { readFile } from 'node:fs/promises'
import type { Plan } from '../../src/change/plan.js'
import type { ServerFacts } from '../../src/setup/facts.js'
import { parseInstalled } from '../../src/setup/installed.js'
import { CONFIG_DIR, INSTALLED_FILE, STATE_DIR, STORE_DIR } from '../../src/setup/names.js'
import type { Program, TemplateName } from '../../src/setup/program.js'

const NAMES: readonly TemplateName[] = [
  'check_client_greylist',
  'default',
  'greyctl.service',
  'greyctl.socket',
  'greyctl.toml',
  'init',
  'openrc',
  'postgrey.conf',
  'whitelist_clients',
  'whitelist_recipients',
]

/** The shipped templates, at a place where a package would put them. */
export async function testProgram(): Promise<Program> {
  const texts = await Promise.all(NAMES.map((name) => readFile(`templates/${name}`, 'utf8')))
  const templates = Object.fromEntries(NAMES.map((name, at) => [name, texts[at]])) as Program['templates']
  return { node: '/usr/bin/node', root: '/usr/lib/greyctl', version: '0.1.0', templates }
}

export const STOCK_MAIN_CF = `# See /usr/share/postfix/main.cf.dist
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = mx.example.test
mydestination = example.test, localhost
mynetworks = 127.0.0.0/8
`

/** Facts of a fresh Debian server with Postfix running, to be varied. */
export function freshServer(changes: Partial<ServerFacts> = {}): ServerFacts {
  return {
    live: true,
    configDir: '/etc/postfix',
    mainCfPath: '/etc/postfix/main.cf',
    mainCf: Buffer.from(STOCK_MAIN_CF, 'latin1'),
    masterCfPath: '/etc/postfix/master.cf',
    masterCf: undefined,
    manager: undefined,
    postfix: undefined,
    postfixRunning: true,
    others: [],
    init: 'systemd',
    accounts: 'shadow',
    service: { running: false, enabled: false },
    user: undefined,
    installed: undefined,
    postgrey: {
      installed: false,
      service: { running: false, enabled: false },
      user: false,
      tableTools: false,
      offer: undefined,
      removable: [],
    },
    mapTypes: ['hash', 'pcre', 'regexp'],
    tablePath: '/etc/postfix/check_client_greylist',
    files: new Map(),
    packagedUnits: new Map(),
    directories: new Set(),
    ...changes,
  }
}

/** The same server after every file step of a plan. */
export function afterPlan(facts: ServerFacts, plan: Plan): ServerFacts {
  const files = new Map(facts.files)
  const directories = new Set(facts.directories)
  let { mainCf, masterCf } = facts
  for (const step of plan.steps) {
    if (step.kind === 'directory' && step.action === 'create') directories.add(step.path)
    if (step.kind !== 'file') continue
    const content = step.after === 'absent' ? undefined : step.after
    if (step.path === facts.mainCfPath) mainCf = content
    else if (step.path === facts.masterCfPath) masterCf = content
    else files.set(step.path, content)
  }
  const installed = parseInstalled(files.get(INSTALLED_FILE), INSTALLED_FILE)
  return {
    ...facts,
    mainCf,
    masterCf,
    files,
    installed,
    user: installed ? { uid: 997, gid: 997 } : undefined,
    service: { running: installed !== undefined, enabled: installed !== undefined },
    directories: installed ? new Set([...directories, CONFIG_DIR, STATE_DIR, STORE_DIR]) : new Set(),
  }
}

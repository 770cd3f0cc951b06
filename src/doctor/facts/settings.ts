import { listWords } from '../../postfix/restriction-list.js'
import { effectiveSettings } from '../../postfix/settings.js'
import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** What postconf(1) says of the configuration. */
export interface PostconfFact {
  /** Every parameter, defaults included, expanded; empty after a fatal error. */
  readonly values: ReadonlyMap<string, string>
  /** Each complaint once, without the program's name. */
  readonly warnings: readonly string[]
  /** On this every Postfix program stops. */
  readonly fatal: string | undefined
}

export async function gatherPostconf({ host, options }: GatherContext<Facts>): Promise<PostconfFact> {
  assertLive(host.root)
  const result = await host.run(['postconf', '-c', options.configDir, '-x'], { timeout: 5 })
  if (result.failure === 'ENOENT') throw new Unknown('there is no postconf program here')
  if (result.failure === 'timeout') throw new Unknown('postconf gave no answer within 5 s')
  const said = [...new Set(result.stderr.split('\n').filter(Boolean))]
  const fatal = said.find((line) => /\bfatal: /.test(line))?.replace(/^.*?fatal: /, '')
  if (fatal === undefined && result.exitCode !== 0) {
    throw new Unknown(`postconf failed: ${said.at(-1) ?? result.failure ?? `exit code ${result.exitCode}`}`)
  }
  const values = result.stdout.split('\n').flatMap((line): [string, string][] => {
    const equals = line.indexOf(' =')
    return equals < 0 ? [] : [[line.slice(0, equals), line.slice(equals + 2).trim()]]
  })
  const warnings = said
    .filter((line) => /\bwarning: /.test(line))
    .map((line) => line.replace(/^.*?warning: /, ''))
  return { values: new Map(values), warnings, fatal }
}

export async function gatherMapTypes({ host }: GatherContext<Facts>): Promise<ReadonlySet<string>> {
  assertLive(host.root)
  const result = await host.run(['postconf', '-m'], { timeout: 5 })
  if (result.exitCode !== 0) throw new Unknown(`postconf -m failed: ${result.failure ?? result.exitCode}`)
  return new Set(listWords(result.stdout))
}

/** Names of the parameters that Postfix itself has. */
export async function gatherKnownParameters({ host }: GatherContext<Facts>): Promise<ReadonlySet<string>> {
  assertLive(host.root)
  const result = await host.run(['postconf', '-d'], { timeout: 5 })
  if (result.exitCode !== 0) throw new Unknown(`postconf -d failed: ${result.failure ?? result.exitCode}`)
  return new Set([...result.stdout.matchAll(/^(\S+) =/gm)].map(([, name = '']) => name))
}

/** The values that count, by postconf where it answers, else by main.cf and what is known of the defaults. */
export interface SettingsFact {
  /** Unexpanded where main.cf sets it. */
  get(name: string): string
  /** mail_version; undefined where Postfix cannot be asked. */
  readonly version: string | undefined
  /** What counts where neither file says anything; undefined: the model's own defaults know more. */
  default(name: string): string | undefined
}

/** Defaults of Postfix 3.x that are needed where postconf cannot be asked, beyond those of postfix/settings.ts. */
const DEFAULTS: Readonly<Record<string, string>> = {
  queue_directory: '/var/spool/postfix',
  mail_owner: 'postfix',
  smtpd_peername_lookup: 'yes',
  mynetworks_style: 'host',
  multi_instance_enable: 'no',
  process_limit: '100',
  default_process_limit: '100',
}

export async function gatherSettings({ need, want }: GatherContext<Facts>): Promise<SettingsFact> {
  const { cf } = await need('mainCf')
  const postconf = await want('postconf')
  const version = postconf?.values.get('mail_version')
  const defaults = (name: string) => postconf?.values.get(name) ?? DEFAULTS[name]
  const settings = effectiveSettings(cf, { defaults, ...(version === undefined ? {} : { version }) })
  return { get: (name) => settings.raw(name) ?? '', version, default: defaults }
}

/** With --root nothing on the running system is asked. */
export function assertLive(root: string): void {
  if (root !== '/') throw new Unknown('with --root nothing on the running system is asked')
}

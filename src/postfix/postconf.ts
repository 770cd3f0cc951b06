import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { listWords } from './restriction-list.js'

export interface PostconfAnswer {
  /** Values with every `$name` expanded (postconf -x); empty for a name that Postfix does not know. */
  readonly values: Readonly<Record<string, string>>
  /** What postconf complained about, each line once, without its program name. */
  readonly warnings: readonly string[]
}

/** How postconf(1) prints values: expanded (`-x`), or as main.cf has them. */
export interface PostconfOptions {
  readonly expand?: boolean
}

/**
 * Effective values of parameters, defaults included, by the real postconf(1). Throws GreyctlError('postfix-missing'),
 * or ('config-invalid') with file:line when postconf stops on the configuration.
 */
export async function readPostconf(
  host: Host,
  configDir: string,
  names: readonly string[],
  options: PostconfOptions = {},
): Promise<PostconfAnswer> {
  const flags = options.expand === false ? [] : ['-x']
  const { stdout, warnings } = await runPostconf(host, ['-c', configDir, ...flags, ...names])
  return {
    values: { ...Object.fromEntries(names.map((name) => [name, ''])), ...readAssignments(stdout) },
    warnings,
  }
}

/** The parameters that main.cf sets, as postconf -n prints them. */
export async function readOwnSettings(host: Host, configDir: string): Promise<PostconfAnswer> {
  const { stdout, warnings } = await runPostconf(host, ['-c', configDir, '-n'])
  return { values: readAssignments(stdout), warnings }
}

/** mail_version, as in `3.7.11`. */
export async function postfixVersion(host: Host): Promise<string> {
  const { stdout } = await runPostconf(host, ['-dh', 'mail_version'])
  return stdout.trim()
}

/** The kinds of lookup tables that this Postfix can read: `postconf -m`. */
export async function readMapTypes(host: Host): Promise<readonly string[]> {
  const { stdout } = await runPostconf(host, ['-m'])
  return stdout.split('\n').filter((line) => line !== '')
}

export interface InstanceFacts {
  readonly version: string
  readonly configDirectory: string
  readonly queueDirectory: string
  readonly daemonDirectory: string
  readonly mailOwner: string
  readonly myhostname: string
  /** Domains that the server takes mail for, by plain words of its configuration: lookup tables and patterns are left out. */
  readonly ownDomains: readonly string[]
  readonly inetProtocols: readonly string[]
  readonly mynetworks: readonly string[]
  /** Empty: syslog. */
  readonly maillogFile: string
  readonly recipientDelimiter: string
  readonly warnings: readonly string[]
}

const DOMAIN_LISTS = ['mydestination', 'virtual_mailbox_domains', 'virtual_alias_domains', 'relay_domains']

export async function readInstanceFacts(host: Host, configDir: string): Promise<InstanceFacts> {
  const { values, warnings } = await readPostconf(host, configDir, [
    'mail_version',
    'queue_directory',
    'daemon_directory',
    'mail_owner',
    'myhostname',
    'inet_protocols',
    'mynetworks',
    'maillog_file',
    'recipient_delimiter',
    ...DOMAIN_LISTS,
  ])
  const value = (name: string) => values[name] ?? ''
  return {
    version: value('mail_version'),
    configDirectory: configDir,
    queueDirectory: value('queue_directory'),
    daemonDirectory: value('daemon_directory'),
    mailOwner: value('mail_owner'),
    myhostname: value('myhostname'),
    ownDomains: [...new Set(DOMAIN_LISTS.flatMap((name) => plainDomains(value(name))))],
    inetProtocols: listWords(value('inet_protocols')),
    mynetworks: listWords(value('mynetworks')),
    maillogFile: value('maillog_file'),
    recipientDelimiter: value('recipient_delimiter'),
    warnings,
  }
}

/** Words that are domains: no table (`type:name`), no file (`/path`), no exception (`!domain`), no parent (`.domain`). */
function plainDomains(value: string): string[] {
  return listWords(value)
    .filter((word) => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(word))
    .map((word) => word.toLowerCase())
}

function readAssignments(stdout: string): Record<string, string> {
  const pairs = stdout.split('\n').flatMap((line): [string, string][] => {
    const equals = line.indexOf('=')
    return equals < 0 ? [] : [[line.slice(0, equals).trim(), line.slice(equals + 1).trim()]]
  })
  return Object.fromEntries(pairs)
}

async function runPostconf(
  host: Host,
  args: readonly string[],
): Promise<{ stdout: string; warnings: readonly string[] }> {
  const result = await host.run(['postconf', ...args])
  if (result.failure === 'ENOENT') {
    throw new GreyctlError('postfix-missing', 'postfix is not installed: there is no postconf program', {
      hints: ['install postfix, or run greyctl install --with-postfix'],
    })
  }
  const said = [...new Set(result.stderr.split('\n').filter((line) => line !== ''))]
  const fatal = said.find((line) => /\bfatal: /.test(line))
  if (fatal === undefined && result.exitCode === 0) {
    return { stdout: result.stdout, warnings: said.map((line) => line.replace(/^[^:]*: (warning: )?/, '')) }
  }
  throw configError(
    fatal ?? said.at(-1) ?? `postconf failed: ${result.failure ?? `exit code ${result.exitCode}`}`,
  )
}

/** `postconf: fatal: /etc/postfix/main.cf, line 49: missing '=' after attribute name: "x"` */
function configError(line: string): GreyctlError {
  const text = line.replace(/^.*?fatal: /, '')
  const place = /^(\S+), line (\d+): (.*)$/.exec(text)
  if (place === null) {
    const missing = /^open (\S+)\/main\.cf: No such file/.exec(text)?.[1]
    return new GreyctlError('config-invalid', `postfix cannot read its configuration: ${text}`, {
      hints: [
        missing === undefined
          ? '"postconf -n" must work without an error first'
          : `${missing} is no directory of Postfix's: "postmulti -l" and "postconf -h config_directory" name them`,
      ],
    })
  }
  return new GreyctlError('config-invalid', `postfix cannot read its configuration: ${place[3]}`, {
    where: `${place[1]}:${place[2]}`,
    hints: [`correct line ${place[2]} of ${place[1]}; "postconf -n" must work without an error first`],
  })
}

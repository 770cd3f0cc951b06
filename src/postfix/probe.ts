import { isIP } from 'node:net'
import { GreyctlError } from '../errors.js'
import type { Dialogue, Host } from '../host/host.js'
import { readPostconf } from './postconf.js'

export interface ProbeClient {
  /** IPv4 or IPv6 address that smtpd is told the client has. */
  readonly address: string
  /** Verified host name; without it the client has none (`unknown`). */
  readonly name?: string
  readonly helo?: string
  /** The name that it has logged in with (XCLIENT LOGIN); smtpd takes it only where SASL is switched on. */
  readonly login?: string
}

export interface ProbeOptions {
  /** MAIL_CONFIG: the live configuration directory or a candidate. */
  readonly configDir: string
  readonly client: ProbeClient
  /** Empty: the null sender. */
  readonly sender: string
  readonly recipient: string
  /** More `-o name=value` for this one process, as master.cf gives them to the service that is asked. */
  readonly overrides?: Readonly<Record<string, string>>
  /** Takes all real addresses out of mynetworks, so that the client is an outsider wherever it stands. Default false. */
  readonly mynetworksOverride?: boolean
  /** Seconds for each answer; default 30. */
  readonly timeoutSeconds?: number
  /**
   * Started as master(8) starts it: by root, so that tables are opened as they are for a service, then as mail_owner, and in
   * the queue directory as its root where the service is chrooted. Without it mail_owner starts it, not chrooted.
   */
  readonly asService?: { readonly chroot: boolean }
}

interface Exchange {
  /** Empty for the greeting. */
  readonly sent: string
  /** The whole reply; lines of a multi-line reply are separated by a line feed. Others wrote it: escape before printing. */
  readonly answer: string
}

type ProbeVerdict = 'accepted' | 'deferred' | 'refused' | 'error'

export interface ProbeResult {
  readonly dialogue: readonly Exchange[]
  /** `error`: smtpd could not be asked, or answered that its configuration is broken (451 4.3.0, 4.3.5). */
  readonly verdict: ProbeVerdict
  /** The reply that decided, or what went wrong. */
  readonly answer: string
  /** Its SMTP code; undefined when there was none. */
  readonly code: number | undefined
  /** Why there was no answer: nobody was asked, smtpd ended by itself, or it said nothing for too long. */
  readonly failure?: 'not-running' | 'ended' | 'silent'
}

const DEFAULT_TIMEOUT_SECONDS = 30
const CONNECT_TIMEOUT_SECONDS = 5
const DEFAULT_HELO = 'probe.example'
/** RFC 5321 §4.2: a reply has few lines; more is not smtpd. */
const MAX_REPLY_LINES = 200
/** An address that no client has (RFC 5737). */
const NOBODY = '192.0.2.254/32'

/**
 * Asks Postfix's own smtpd, started by hand in stand-alone mode (smtpd(8) -S) as mail_owner, what it would answer.
 * Needs root and no port; stops before DATA, so no mail moves. A policy service that is asked remembers the triplet.
 * smtpd asks the rewrite and cleanup services of the queue directory, so that Postfix must run there: the verdict
 * is `error` otherwise. Throws GreyctlError('usage') for arguments that could not be an SMTP command,
 * ('postfix-missing') or ('config-invalid') when the configuration cannot be read.
 */
export async function probe(host: Host, options: ProbeOptions): Promise<ProbeResult> {
  assertArguments(options)
  const smtpd = await findSmtpd(host, options.configDir)
  const rewrite = `${options.overrides?.queue_directory ?? smtpd.queueDirectory}/private/rewrite`
  if (!(await host.canConnect(`unix:${rewrite}`, CONNECT_TIMEOUT_SECONDS))) {
    const answer = `postfix is not running: nothing answers at ${rewrite}`
    return { dialogue: [], verdict: 'error', answer, code: undefined, failure: 'not-running' }
  }
  const { uid, gid } = smtpd
  const session = await host.dialogue(smtpdArguments(smtpd.program, options), {
    env: { MAIL_CONFIG: options.configDir },
    ...(options.asService ? {} : { uid, gid }),
  })
  const dialogue: Exchange[] = []
  const outcome = await converse(session, options, dialogue)
  const { stderr, exitCode } = await session.close()
  if (outcome !== undefined) return { dialogue, ...outcome }
  const said = stderr.trim().split('\n').at(-1)
  const answer =
    said || `smtpd gave no answer to "${unanswered(options, dialogue)}"; the mail log has the reason`
  const failure = exitCode !== undefined && exitCode !== 0 ? 'ended' : 'silent'
  return { dialogue, verdict: 'error', answer, code: undefined, failure }
}

function unanswered(options: ProbeOptions, dialogue: readonly Exchange[]): string {
  return dialogue.length === 0 ? 'connect' : (commandsFor(options)[dialogue.length - 1] ?? 'QUIT')
}

function smtpdArguments(program: string, options: ProbeOptions): string[] {
  const settings: Record<string, string> = {
    smtpd_authorized_xclient_hosts: 'static:all',
    // a configuration error would mail a transcript to postmaster otherwise
    notify_classes: '',
    ...(options.mynetworksOverride === true ? { mynetworks: NOBODY } : {}),
    ...options.overrides,
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const { asService } = options
  // smtpd's own -c is master's word for "in a chroot", -u for "not as root"
  return [program, '-S', ...(asService ? ['-u', ...(asService.chroot ? ['-c'] : [])] : []), ...flags]
}

/** Overrides of a service, without what a dialogue on standard input cannot have: encryption, a proxy's header in front. */
export function withoutEncryption(
  overrides: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const names = Object.entries(overrides)
  return Object.fromEntries(
    names.filter(([name]) => !/^smtpd_(tls_|enforce_tls|use_tls|upstream_proxy_)|_service_name$/.test(name)),
  )
}

/** The stand-alone smtpd of a configuration, and whom it runs as. */
export interface Smtpd {
  readonly program: string
  readonly queueDirectory: string
  readonly uid: number
  readonly gid: number
}

/** Throws GreyctlError('postfix-missing') or ('config-invalid'). */
export async function findSmtpd(host: Host, configDir: string): Promise<Smtpd> {
  const { values } = await readPostconf(host, configDir, [
    'daemon_directory',
    'mail_owner',
    'queue_directory',
  ])
  const owner = values.mail_owner ?? ''
  const user = await host.user(owner)
  if (user === undefined) {
    throw new GreyctlError('config-invalid', `mail_owner names a user that does not exist: "${owner}"`, {
      where: configDir,
    })
  }
  return {
    program: `${values.daemon_directory}/smtpd`,
    queueDirectory: values.queue_directory ?? '',
    ...user,
  }
}

type Outcome = Pick<ProbeResult, 'verdict' | 'answer' | 'code'>

/** One command at a time: smtpd calls anything else improper pipelining. */
async function converse(
  session: Dialogue,
  options: ProbeOptions,
  dialogue: Exchange[],
): Promise<Outcome | undefined> {
  const timeout = options.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS
  let answer = await readReply(session, timeout)
  if (answer === undefined) return undefined
  dialogue.push({ sent: '', answer })
  if (!answer.startsWith('2')) return judge(answer)
  const commands = commandsFor(options)
  for (const sent of commands) {
    await session.writeLine(sent)
    answer = await readReply(session, timeout)
    if (answer === undefined) return undefined
    dialogue.push({ sent, answer })
    if (!answer.startsWith('2')) break
  }
  const outcome = judge(answer)
  await session.writeLine('QUIT').catch(() => undefined)
  const bye = await readReply(session, timeout)
  if (bye !== undefined) dialogue.push({ sent: 'QUIT', answer: bye })
  return outcome
}

function commandsFor({ client, sender, recipient }: ProbeOptions): string[] {
  const helo = client.helo ?? DEFAULT_HELO
  const address = isIP(client.address) === 6 ? `IPV6:${client.address}` : client.address
  return [
    `EHLO ${helo}`,
    `XCLIENT ADDR=${address} NAME=${client.name ?? '[UNAVAILABLE]'} HELO=${helo} PROTO=ESMTP${client.login ? ` LOGIN=${client.login}` : ''}`,
    `EHLO ${helo}`,
    `MAIL FROM:<${sender}>`,
    `RCPT TO:<${recipient}>`,
  ]
}

async function readReply(session: Dialogue, timeout: number): Promise<string | undefined> {
  const lines: string[] = []
  while (lines.length < MAX_REPLY_LINES) {
    const line = (await session.readLine(timeout))?.replace(/\r$/, '')
    if (line === undefined) return undefined
    lines.push(line)
    if (!/^\d{3}-/.test(line)) return lines.join('\n')
  }
  return undefined
}

function judge(answer: string): Outcome {
  const last = answer.split('\n').at(-1) ?? ''
  const code = /^\d{3}/.test(last) ? Number(last.slice(0, 3)) : undefined
  return { verdict: verdictOf(code, last), answer, code }
}

function verdictOf(code: number | undefined, line: string): ProbeVerdict {
  // "Server configuration error" and "local error": the fault is here, the client's mail was not judged
  if (code === undefined || /^451 4\.3\.[05]\b/.test(line)) return 'error'
  if (code < 300) return 'accepted'
  if (code < 500) return 'deferred'
  return 'refused'
}

/** What is sent is one line, and what stands between angle brackets stays there. */
function assertArguments(options: ProbeOptions): void {
  const { client, sender, recipient } = options
  if (isIP(client.address) === 0) {
    throw new GreyctlError('usage', `not an IP address: ${JSON.stringify(client.address)}`)
  }
  assertWord('client name', client.name)
  assertWord('helo name', client.helo)
  assertWord('login name', client.login)
  assertPath('sender', sender)
  assertPath('recipient', recipient)
  for (const [name, value] of Object.entries(options.overrides ?? {})) {
    if (!/^[A-Za-z0-9_]+$/.test(name) || /[\u0000-\u001f\u007f]/.test(value)) {
      throw new GreyctlError('usage', `not a parameter for smtpd: ${JSON.stringify(name)}`)
    }
  }
}

function assertWord(what: string, word: string | undefined): void {
  if (word === undefined || /^[^\u0000-\u0020\u007f]+$/.test(word)) return
  throw new GreyctlError('usage', `the ${what} must be one word: ${JSON.stringify(word)}`)
}

function assertPath(what: string, address: string): void {
  if (!/[\u0000-\u001f\u007f<>]/.test(address)) return
  throw new GreyctlError(
    'usage',
    `the ${what} holds characters that no address has: ${JSON.stringify(address)}`,
  )
}

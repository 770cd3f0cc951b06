import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Scenario } from '../../src/postfix/evaluator/scenario.js'
import type { Instance } from './instance.js'

/** What smtpd really said to a scenario. */
export interface Ruling {
  readonly outcome: 'accepted' | 'deferred' | 'refused' | 'error' | 'no-service'
  readonly stage: string
  readonly answer: string
  /** All that the process wrote to its log. */
  readonly said?: string
}

/** Options that make one process answer many scenarios quickly, and change no answer. */
const OPTIONS = {
  smtpd_authorized_xclient_hosts: 'static:all',
  notify_classes: '',
  in_flow_delay: '0',
  smtpd_error_sleep_time: '0',
  smtpd_soft_error_limit: '100000',
  smtpd_hard_error_limit: '100001',
  smtpd_junk_command_limit: '100000',
  smtpd_client_connection_count_limit: '0',
  smtpd_client_connection_rate_limit: '0',
  smtpd_tls_security_level: 'none',
}

/**
 * Asks one smtpd process, stand-alone, about every scenario, one after the other (XCLIENT, RSET). `slot` is a
 * configuration directory of its own, so that several may run at a time. undefined: this cannot be asked so. With `etrn`,
 * a domain, the rulings for the mails are followed by those for ETRN of that domain by the same clients.
 */
export async function askSmtpd(
  instance: Instance,
  owner: { uid: number; gid: number },
  {
    slot,
    mainCf,
    scenarios,
    data = false,
    etrn,
  }: { slot: string; mainCf: string; scenarios: readonly Scenario[]; data?: boolean; etrn?: string },
): Promise<readonly (Ruling | undefined)[]> {
  const directory = join(instance.directory, '..', `slot-${slot}`)
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'main.cf')
  writeFileSync(path, instance.mainCf(mainCf), 'latin1')
  // postfix reads a file that is younger than two seconds again and again until it is older
  utimesSync(path, 1_700_000_000, 1_700_000_000)
  copyFileSync(join(instance.directory, 'master.cf'), join(directory, 'master.cf'))
  const commands = [
    ...scenarios.map((scenario) => mailCommands(scenario, data)),
    ...(etrn === undefined ? [] : scenarios.map((scenario) => etrnCommands(scenario, etrn))),
  ]
  const { replies, said } = await run(directory, owner, commands)
  if (replies.length === 0)
    return commands.map(() => ({ outcome: 'no-service', stage: 'CONNECT', answer: said }))
  // a client list that refuses this very connection leaves nobody to ask
  if (!replies[0]?.startsWith('220')) return commands.map(() => undefined)
  let at = 1
  return commands.map((each) => {
    const own = replies.slice(at, at + each.length)
    at += each.length
    const ruling = rule(each, own)
    return ruling && { ...ruling, said }
  })
}

function mailCommands(scenario: Scenario, data: boolean): readonly string[] {
  const { user, sender, recipient } = scenario
  return [
    ...hello(scenario, user),
    `MAIL FROM:<${sender}>`,
    `RCPT TO:<${recipient}>`,
    // what comes before the message, and the message with its end
    ...(data ? ['DATA', 'Subject: x\r\n\r\nx\r\n.'] : []),
  ]
}

function etrnCommands(scenario: Scenario, domain: string): readonly string[] {
  return [...hello(scenario, undefined), `ETRN ${domain}`]
}

function hello({ client, helo }: Scenario, user: string | undefined): readonly string[] {
  const address = client.address.includes(':') ? `IPV6:${client.address}` : client.address
  const name = client.name ?? '[UNAVAILABLE]'
  const reverse = client.reverseName ?? name
  return [
    'RSET',
    `XCLIENT ADDR=${address} NAME=${name} REVERSE_NAME=${reverse} LOGIN=${user ?? '[UNAVAILABLE]'}`,
    `HELO ${helo}`,
  ]
}

function rule(commands: readonly string[], replies: readonly string[]): Ruling | undefined {
  for (let at = 1; at < commands.length; at += 1) {
    const answer = replies[at]
    const stage = commands[at]?.split(' ')[0] ?? ''
    // a client list that is asked at once (smtpd_delay_reject = no) has refused the one before, for good; 403: soft_bounce
    if (answer === undefined || /^(503 5|403 4)\.7\.0 /.test(answer)) return undefined
    // the lists let it pass; what the queue says of the domain is another matter
    if (stage === 'ETRN' && /^45[89] /.test(answer)) break
    if (!/^[23]/.test(answer)) return { outcome: outcomeOf(answer), stage, answer }
  }
  return { outcome: 'accepted', stage: commands.at(-1) ?? '', answer: replies.at(-1) ?? '' }
}

function outcomeOf(answer: string): Ruling['outcome'] {
  if (/^451 4\.3\.5 .*Server configuration error|^451 4\.3\.0 /.test(answer)) return 'error'
  return answer.startsWith('4') ? 'deferred' : 'refused'
}

/** One reply a command, in order; the greeting first. A command is sent when the one before it is answered. */
async function run(
  directory: string,
  owner: { uid: number; gid: number },
  scenarios: readonly (readonly string[])[],
): Promise<{ replies: readonly string[]; said: string }> {
  const flags = Object.entries(OPTIONS).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const env = { MAIL_CONFIG: directory, PATH: process.env.PATH }
  const child = spawn('/usr/lib/postfix/sbin/smtpd', ['-S', ...flags], {
    env,
    ...owner,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('latin1')
  })
  const lines = replyLines(child.stdout)
  const replies: string[] = []
  const read = async () => {
    const reply = await lines.next()
    if (!reply.done) replies.push(reply.value)
    return !reply.done
  }
  child.stdin.on('error', () => undefined)
  let alive = await read()
  for (const commands of scenarios) {
    let ended = false
    for (const command of commands) {
      // behind a refusal the rest has no meaning; DATA would be answered with an error anyway
      if (ended || !alive) {
        if (alive) replies.push('000 not sent')
        continue
      }
      child.stdin.write(`${command}\r\n`)
      alive = await read()
      ended = command !== 'RSET' && !/^[23]/.test(replies.at(-1) ?? '')
    }
  }
  child.stdin.end('QUIT\r\n')
  await new Promise((resolve) =>
    child.exitCode === null && child.signalCode === null ? child.once('exit', resolve) : resolve(undefined),
  )
  return { replies, said }
}

async function* replyLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk.toString('latin1')
    const lines = text.split('\r\n')
    text = lines.pop() ?? ''
    for (const line of lines) if (/^\d{3} /.test(line)) yield line
  }
}

/** A policy server that says the same to everybody, and remembers whom it was asked about. */
export interface PolicyServer {
  readonly port: number
  readonly action: string
  /** How often it was asked since the last `reset`. */
  count(): number
  reset(): void
  close(): void
}

export async function startPolicyServer(action: string): Promise<PolicyServer> {
  let asked = 0
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        text = text.slice(end + 2)
        asked += 1
        socket.write(`action=${action}\n\n`)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  const reset = () => {
    asked = 0
  }
  return { port, action, count: () => asked, reset, close }
}

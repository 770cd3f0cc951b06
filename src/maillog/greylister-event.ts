import type { Deferred, MailEvent, Passed } from './event.js'
import { parseJsonEvent, passReason } from './json-event.js'
import { isOtherGreylister, parseOtherGreylister } from './other-greylisters.js'

const ACTION = /^(?:[0-9A-Za-z]{6,20}: )?action=(greylist|pass), reason=/
const EARLY = /^early-retry \((\d{1,9})s missing\)$/

/** Lines of greyctl and postgrey, which share a format, of sqlgrey, and of others. */
export function parseGreylister(program: string, body: string): MailEvent | undefined {
  if (isOtherGreylister(program)) return parseOtherGreylister(program, body)
  if (body.startsWith('{')) return parseJsonEvent(body)
  const action = ACTION.exec(body)
  if (action !== null) return parseAction(action[1] === 'greylist', body.slice(action[0].length))
  if (body.startsWith('warning: not greylisting')) return { kind: 'failed-open' }
  return program === 'sqlgrey' || program === '' ? parseSqlgrey(body) : undefined
}

/** `REASON[, delay=N][, client_name=N], client_address=A[, sender=S][, recipient=R]`: the addresses are the client's words, so both ends are fixed first. */
function parseAction(deferred: boolean, text: string): MailEvent | undefined {
  const clientAt = text.indexOf(', client_')
  const addressAt = text.indexOf(', client_address=')
  if (clientAt === -1 || addressAt === -1) return undefined
  const [reason = '', delay] = text.slice(0, clientAt).split(', delay=')
  const name = clientAt < addressAt ? text.slice(clientAt + ', client_name='.length, addressAt) : 'unknown'
  const rest = text.slice(addressAt + ', client_address='.length)
  const recipientAt = rest.lastIndexOf(', recipient=')
  const head = recipientAt === -1 ? rest : rest.slice(0, recipientAt)
  const senderAt = head.indexOf(', sender=')
  const about = {
    by: 'greylister' as const,
    client: {
      name: unescapeValue(name),
      // 1.36 wrote the prefix length of the key after the address
      address: (senderAt === -1 ? head : head.slice(0, senderAt)).replace(/\/\d{1,3}$/, ''),
    },
    sender: senderAt === -1 ? '' : unescapeValue(head.slice(senderAt + ', sender='.length)),
    recipient: recipientAt === -1 ? '' : unescapeValue(rest.slice(recipientAt + ', recipient='.length)),
  }
  if (!deferred) return passed(about, reason, delay)
  const wait = EARLY.exec(reason)?.[1]
  return {
    kind: 'deferred',
    ...about,
    reason: wait === undefined ? 'new' : 'early-retry',
    ...(wait === undefined ? {} : { wait: Number(wait) }),
  }
}

function passed(
  about: Pick<Passed, 'by' | 'client' | 'sender' | 'recipient'>,
  text: string,
  delay: string | undefined,
): MailEvent {
  const reason = passReason(text)
  const seconds = delay !== undefined && /^\d{1,9}$/.test(delay) ? { delay: Number(delay) } : {}
  return { kind: 'passed', ...about, reason, said: text, ...seconds }
}

/** Undoes `%%` and `%XX` (a byte, of UTF-8 where it is some). */
export function unescapeValue(text: string): string {
  if (!text.includes('%')) return text
  const plain = text.replace(/%%|(?:%[0-9A-F]{2})+/g, (run) => {
    if (run === '%%') return '%'
    return Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8')
  })
  return plain
}

const SQLGREY =
  /^grey: (new|early reconnect|reconnect ok|throttling): ([0-9A-Fa-f.:]{1,45})(?:\(([0-9A-Fa-f.:]{1,45})\))?, (.*)$/s
const SQLGREY_MATCH =
  /^grey: (from|domain) awl match: updating ([0-9A-Fa-f.:]{1,45})(?:\(([0-9A-Fa-f.:]{1,45})\))?, /
const SQLGREY_WHITELIST = /^whitelist: (.*), ([0-9A-Fa-f.:]{1,45})\(([^()]*)\) -> (.*)$/s
const SQLGREY_DELAY = / \((?:(\d{1,9})|(\d{1,6}):(\d\d):(\d\d)(?:\.\d+)?)\)$/

function parseSqlgrey(body: string): MailEvent | undefined {
  const unknown = (address: string) => ({ name: 'unknown', address })
  const match = SQLGREY.exec(body)
  if (match !== null) {
    const [, what = '', network = '', address = wholeAddress(network), rest = ''] = match
    return sqlgreyTriplet(what, address, rest)
  }
  const about = { by: 'greylister', sender: '', recipient: '', reason: 'whitelist' } as const
  const awl = SQLGREY_MATCH.exec(body)
  if (awl !== null) {
    const [, which, network = '', address = wholeAddress(network)] = awl
    return { kind: 'passed', ...about, said: `${which} AWL`, client: unknown(address) }
  }
  const listed = SQLGREY_WHITELIST.exec(body)
  if (listed === null) return undefined
  const [, sender = '', address = '', name = '', recipient = ''] = listed
  return {
    kind: 'passed',
    ...about,
    said: 'whitelist',
    client: { name, address },
    sender: sqlgreySender(sender),
    recipient,
  }
}

/** Before 1.7 the line had the client's network alone: `192.0.2`. */
function wholeAddress(network: string): string {
  const parts = network.split('.')
  return network.includes(':') || parts.length > 3 ? network : [...parts, '0', '0', '0'].slice(0, 4).join('.')
}

function sqlgreyTriplet(what: string, address: string, rest: string): Deferred | Passed | undefined {
  const took = what === 'reconnect ok' ? SQLGREY_DELAY.exec(rest) : null
  const pair = took ? rest.slice(0, -took[0].length) : rest
  const arrow = pair.lastIndexOf(' -> ')
  if (arrow === -1) return undefined
  const about = {
    by: 'greylister' as const,
    client: { name: 'unknown', address },
    sender: sqlgreySender(pair.slice(0, arrow)),
    recipient: pair.slice(arrow + 4),
  }
  if (what !== 'reconnect ok') {
    return { kind: 'deferred', ...about, reason: what === 'early reconnect' ? 'early-retry' : 'new' }
  }
  const [, seconds, hours, minutes, rest60] = took ?? []
  const delay =
    seconds === undefined ? Number(hours) * 3600 + Number(minutes) * 60 + Number(rest60) : Number(seconds)
  return {
    kind: 'passed',
    ...about,
    reason: 'triplet',
    said: what,
    ...(Number.isFinite(delay) ? { delay } : {}),
  }
}

function sqlgreySender(text: string): string {
  return text === '-undef-@-undef-' ? '' : text
}

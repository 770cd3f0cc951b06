import type { Client, MailEvent } from './event.js'
import { parseReject } from './reject.js'

const QUEUE_ID = /^([0-9A-Za-z]{6,20}): /
const CLIENT = /^client=([^[\]\s]*)\[([0-9A-Fa-f.:]+|unknown)\](?::\d+)?(.*)$/s
/** auto_clnt(3), attr_clnt(3): the endpoint has no blanks, unlike "connect to Milter service …" and "connect to mysql server …". */
const TROUBLE = /^warning: (connect to|problem talking to server) (\S+): /
/**
 * Services of Postfix itself that smtpd talks to in the same way (master(5)), and the endpoint where nobody listens:
 * the proof that mail flows while the daemon is down asks it.
 */
const NO_POLICY_SERVER =
  /^(?:private\/(?:anvil|tlsmgr|rewrite|proxymap|proxywrite|scache|verify|trace|defer|bounce|postlog)$|public\/)|greyctl-nobody/

/** What a line of a Postfix daemon says; `daemon` undefined: unknown which one. `own`: parseReject. */
export function parsePostfix(daemon: string | undefined, body: string, own?: RegExp): MailEvent | undefined {
  if (body.startsWith('warning: ')) return parseTrouble(daemon, body)
  if (body.startsWith('NOQUEUE: ')) return parseReject(body.slice('NOQUEUE: '.length), own)
  const id = QUEUE_ID.exec(body)
  if (id === null) return undefined
  const queueId = id[1] ?? ''
  const rest = body.slice(id[0].length)
  switch (rest.charCodeAt(0)) {
    case 99: // c
      return mayBe(daemon, 'smtpd') ? parseClient(queueId, rest) : undefined
    case 102: // f
      return mayBe(daemon, 'qmgr', 'nqmgr') ? parseFrom(queueId, rest) : undefined
    case 116: // t
      return parseDelivery(queueId, rest)
    case 109: // milter-reject
    case 114: // reject, removed
      if (rest === 'removed') return { kind: 'removed', queueId }
      return mayBe(daemon, 'smtpd', 'cleanup') ? parseReject(rest, own) : undefined
    default:
      return undefined
  }
}

function mayBe(daemon: string | undefined, ...names: readonly string[]): boolean {
  return daemon === undefined || names.includes(daemon)
}

function parseTrouble(daemon: string | undefined, body: string): MailEvent | undefined {
  const match = mayBe(daemon, 'smtpd') ? TROUBLE.exec(body) : null
  if (match === null || NO_POLICY_SERVER.test(match[2] ?? '')) return undefined
  return { kind: 'trouble', what: match[1] === 'connect to' ? 'connect' : 'talk' }
}

function parseClient(queueId: string, rest: string): MailEvent | undefined {
  const match = CLIENT.exec(rest)
  if (match === null) return undefined
  const more = match[3] ?? ''
  // a filter hands mail back and says whose it was (XFORWARD_README)
  const original = /, orig_client=([^[\]\s]*)\[([0-9A-Fa-f.:]+|unknown)\]$/.exec(more) ?? match
  const client: Client = { name: original[1] ?? '', address: original[2] ?? '' }
  return { kind: 'accepted', queueId, client, authenticated: /^(?:, [a-z_]+=[^,]*)*?, sasl_/.test(more) }
}

/** `from=<S>, size=550, nrcpt=1 (queue active)`. */
function parseFrom(queueId: string, rest: string): MailEvent | undefined {
  if (!rest.startsWith('from=<')) return undefined
  const end = rest.lastIndexOf('>, size=')
  return end === -1 ? undefined : { kind: 'queued', queueId, sender: rest.slice('from=<'.length, end) }
}

/** `to=<R>, [orig_to=<O>, ]relay=…, delay=…, dsn=…, status=…`. */
function parseDelivery(queueId: string, rest: string): MailEvent | undefined {
  if (!rest.startsWith('to=<')) return undefined
  const end = rest.indexOf('>, relay=')
  if (end === -1 || !rest.includes(', status=', end)) return undefined
  const addresses = rest.slice('to=<'.length, end)
  const middle = addresses.indexOf('>, orig_to=<')
  if (middle === -1) return { kind: 'delivery', queueId, recipient: addresses, original: undefined }
  const original = addresses.slice(middle + '>, orig_to=<'.length)
  return { kind: 'delivery', queueId, recipient: addresses.slice(0, middle), original }
}

import type { Accepted, Delivered, MailEvent, Queued, Rejected, Unreachable } from './event.js'

const QUEUE_ID = '([0-9A-Za-z]{6,20})'
const REJECT =
  /^(?:[0-9A-Za-z]{6,20}: )?(?:milter-)?reject: [A-Z][A-Za-z-]{0,31} from ([^[\]\s]*)\[([0-9A-Fa-f.:]{1,64})\](?::\d+)?: (.*)$/s
const CLIENT = new RegExp(
  `^${QUEUE_ID}: client=[^\\[\\]\\s]*\\[([0-9A-Fa-f.:]{1,64})\\](?::\\d+)?(, .*)?$`,
  's',
)
const FROM = new RegExp(`^${QUEUE_ID}: from=<(.*)>, size=\\d+, nrcpt=\\d+`, 's')
const TO = new RegExp(`^${QUEUE_ID}: to=<(.*?)>, (?:orig_to=<(.*?)>, )?relay=.*, status=[a-z]+`, 's')
const REMOVED = new RegExp(`^${QUEUE_ID}: removed$`)
const REPLY = /^(?:(\d{3}) )?(?:(\d\.\d{1,3}\.\d{1,3}) )?(.*)$/s

/** What postgrey, sqlgrey, greyctl, iRedAPD, policyd and docker-mailserver tell clients. */
const GREYLISTER_TEXT = /gr[ea]y-?\s?list|delayed by postgrey|intentional policy rejection, please try again/i
/** rspamd's greylist module, through its milter. */
const RSPAMD_TEXT = /^try again later\s*$/i
const WAIT = /\b(\d{1,7}) (second|minute)s?\b/i

/** warning: of smtpd about a policy server (attr_clnt and auto_clnt of Postfix); a milter's and SASL's read otherwise. */
const TROUBLE =
  /^(?:(?:NOQUEUE|[0-9A-Za-z]{6,20}): )?warning: (connect to|problem talking to server|timeout on) ([\w.:/[\]-]{1,255}): \S/
/** Services of Postfix itself that smtpd talks to in the same way; the last is the proof's, where nobody listens. */
const NOT_POLICY =
  /^private\/(?:anvil|tlsmgr|rewrite|proxymap|proxywrite|scache|verify|trace|defer|bounce|postlog)$|^public\/|\/greyctl-nobody$/

export function postfixEvent(daemon: string, body: string): MailEvent | undefined {
  if (daemon === 'smtpd') return smtpdEvent(body)
  if (daemon === 'cleanup') return rejected(body)
  if (daemon === 'qmgr') return queued(body) ?? removed(body) ?? delivered(body)
  return delivered(body)
}

function smtpdEvent(body: string): MailEvent | undefined {
  return accepted(body) ?? rejected(body) ?? unreachable(body)
}

function accepted(body: string): Accepted | undefined {
  const parts = CLIENT.exec(body)
  if (!parts) return undefined
  const [, queueId = '', client = '', more = ''] = parts
  return { kind: 'accepted', queueId, client, authenticated: /, sasl_(?:method|username)=/.test(more) }
}

function queued(body: string): Queued | undefined {
  const parts = FROM.exec(body)
  return parts ? { kind: 'queued', queueId: parts[1] ?? '', sender: parts[2] ?? '' } : undefined
}

function removed(body: string): MailEvent | undefined {
  const queueId = REMOVED.exec(body)?.[1]
  return queueId === undefined ? undefined : { kind: 'removed', queueId }
}

function delivered(body: string): Delivered | undefined {
  const parts = TO.exec(body)
  return parts
    ? { kind: 'delivered', queueId: parts[1] ?? '', recipient: parts[2] ?? '', original: parts[3] }
    : undefined
}

function unreachable(body: string): Unreachable | undefined {
  const [, sign, service] = TROUBLE.exec(body) ?? []
  if (service === undefined || NOT_POLICY.test(service)) return undefined
  return { kind: 'unreachable', service, sign: sign === 'connect to' ? 'connect' : 'talk' }
}

/** `WHERE from name[ip]: CODE DSN text; from=<> to=<> proto=… helo=<>` (smtpd's log_whatsup; since 3.10 also sasl_). */
function rejected(body: string): Rejected | Unreachable | undefined {
  const parts = REJECT.exec(body)
  if (!parts) return undefined
  const [, , client = '', rest = ''] = parts
  const { reply, sender, recipient } = splitReply(rest)
  const [, code, dsn, text = ''] = REPLY.exec(reply) ?? []
  if (code === '451' && dsn === '4.3.5') return { kind: 'unreachable', service: '', sign: 'put-off' }
  const greylisted = isGreylisting(code, text, body)
  const wait = greylisted ? WAIT.exec(ownText(text)) : null
  return {
    kind: 'rejected',
    client,
    sender,
    recipient,
    code: code === undefined ? undefined : Number(code),
    text,
    greylisted,
    missing: wait ? Number(wait[1]) * (wait[2]?.toLowerCase() === 'minute' ? 60 : 1) : undefined,
  }
}

/** Without the `<address>: Recipient address rejected: ` in front: what a client wrote must not count as the greylister's. */
function ownText(text: string): string {
  const at = text.lastIndexOf(' rejected: ')
  return at < 0 ? text.replace(/^<.*?>: ?/s, '') : text.slice(at + ' rejected: '.length)
}

function isGreylisting(code: string | undefined, text: string, body: string): boolean {
  if (code !== undefined && !code.startsWith('45')) return false
  const own = ownText(text)
  return GREYLISTER_TEXT.test(own) || (body.includes('milter-reject: ') && RSPAMD_TEXT.test(own))
}

const TAIL = /^; from=<(.*)> to=<(.*)> proto=E?SMTP\S*(?: helo=<.*>)?(?: sasl_\w+=.*)?$/s
const MARK = '; from=<'

/**
 * The text may hold `; from=<` and so may a forged HELO or a quoted sender. The recipient is in the line twice, as
 * `<recipient>: ` before the text and as `to=<recipient>`: the first place from the left where both agree is taken,
 * and where none does, the first from the right.
 */
function splitReply(rest: string): { reply: string; sender: string; recipient: string } {
  const named = /^(?:\d{3} )?(?:\d\.\d{1,3}\.\d{1,3} )?<(.*?)>: /s.exec(rest)?.[1]
  for (let at = rest.indexOf(MARK), tries = 0; named !== undefined && at >= 0 && tries < 8; tries += 1) {
    const agreed = `> to=<${named}> proto=`
    const end = rest.indexOf(agreed, at)
    if (end >= 0) {
      return {
        reply: rest.slice(0, at),
        sender: rest.slice(at + MARK.length, end),
        recipient: named,
      }
    }
    at = rest.indexOf(MARK, at + 1)
  }
  return splitFromRight(rest)
}

function splitFromRight(rest: string): { reply: string; sender: string; recipient: string } {
  const at = rest.lastIndexOf(MARK)
  const tail = at < 0 ? null : TAIL.exec(rest.slice(at))
  if (!tail) return { reply: rest, sender: '', recipient: '' }
  return { reply: rest.slice(0, at), sender: tail[1] ?? '', recipient: tail[2] ?? '' }
}

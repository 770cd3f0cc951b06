import type { Client, MailEvent } from './event.js'

/** smtpd's log_whatsup: `reject: WHERE from NAME[ADDRESS]: CODE TEXT; from=<S> to=<R> proto=P helo=<H>`; milters may give no code. */
const REJECT =
  /^(?:milter-)?reject: (\S+) from ([^[\]\s]*)\[([0-9A-Fa-f.:]+|unknown)\](:\d+)?: (?:(\d{3}) )?(?:(\d\.\d{1,3}\.\d{1,3}) +)?(.*)$/s

/** Texts of postgrey, greyctl, sqlgrey, policyd 1 and 2, milter-greylist, docker-mailserver and iRedAPD. */
const GREYLISTED =
  /\bgr[ea]y-?\s?list|\bdelayed by postgrey|^intentional policy rejection|^policy rejection- /i
/** rspamd's soft reject, a milter's whole text. */
const SOFT_REJECT = /^try again later$/i
const WAIT = /\b(?:for|in) (\d{1,7}) (second|minute|hour)/i
const SECONDS = { second: 1, minute: 60, hour: 3600 }
/** Longer than Postfix ever logs: what follows is nobody's business, and scanning stays cheap. */
export const LONGEST_BODY = 8192

interface Tail {
  readonly text: string
  readonly sender: string
  readonly recipient: string
  readonly helo: string
}

/** `rest`: a reject line after its queue id; `own`: what this server's greylister says in words of its own. Greylisting, trouble with the policy service, or undefined for any other rejection. */
export function parseReject(rest: string, own?: RegExp): MailEvent | undefined {
  const match = REJECT.exec(rest.slice(0, LONGEST_BODY))
  if (match === null) return undefined
  const [, , name = '', address = '', , code, enhanced, said = ''] = match
  const tail = splitTail(said)
  const reason = withoutSubject(tail)
  if (code === '451' && enhanced === '4.3.5') {
    if (reason.startsWith('Server configuration problem')) return { kind: 'trouble', what: 'policy' }
    if (reason.startsWith('Server configuration error')) return { kind: 'trouble', what: 'configuration' }
  }
  if (!isTemporary(code, enhanced) || !isGreylisting(reason, rest, own)) return undefined
  const client: Client = { name: name === '' ? 'unknown' : name, address }
  const { sender, recipient } = tail
  const wait = waitOf(reason)
  return {
    kind: 'deferred',
    by: 'postfix',
    reason: undefined,
    client,
    sender,
    recipient,
    ...(wait === undefined ? {} : { wait }),
  }
}

/** Is it a greylister's, what smtpd replied to RCPT, code and all? `own` as above. */
export function isGreylistingReply(reply: string, own?: RegExp): boolean {
  return parseReject(`reject: RCPT from unknown[unknown]: ${reply}`, own)?.kind === 'deferred'
}

function isTemporary(code: string | undefined, enhanced: string | undefined): boolean {
  return code === undefined ? (enhanced?.startsWith('4.') ?? false) : code.startsWith('4')
}

function isGreylisting(reason: string, line: string, own: RegExp | undefined): boolean {
  return (
    GREYLISTED.test(reason) ||
    own?.test(reason) === true ||
    (line.startsWith('milter-') && SOFT_REJECT.test(reason))
  )
}

function waitOf(reason: string): number | undefined {
  const match = WAIT.exec(reason)
  const unit = match?.[2]?.toLowerCase() as keyof typeof SECONDS | undefined
  return unit && Number(match?.[1]) * SECONDS[unit]
}

/**
 * The fields at the end, found from the right: text and helo are the client's words and may look like fields. Where
 * the text begins with the recipient, only the `to=<…>` of that recipient is believed.
 */
function splitTail(said: string): Tail {
  const leading = /^<([^>]*)>: /.exec(said)?.[1]
  const known = leading === undefined ? -1 : findTo(said, leading)
  const toAt = known === -1 ? Math.max(said.lastIndexOf('> to=<'), said.lastIndexOf('>, to=<')) : known
  const fromAt = toAt === -1 ? -1 : said.lastIndexOf('; from=<', toAt)
  if (fromAt === -1)
    return { text: said.replace(/; (?:from|to|proto|helo)=.*$/s, ''), sender: '', recipient: '', helo: '' }
  const toStart = said.indexOf('<', toAt + 2) + 1
  const rest = said.slice(toStart)
  const toEnd = rest.search(/>,? proto=/)
  const recipient = toEnd === -1 ? rest.replace(/>.*$/s, '') : rest.slice(0, toEnd)
  return {
    text: said.slice(0, fromAt),
    sender: said.slice(fromAt + '; from=<'.length, toAt),
    recipient,
    helo: /^>,? proto=\S*? helo=<(.*?)>/s.exec(rest.slice(recipient.length))?.[1] ?? '',
  }
}

function findTo(said: string, recipient: string): number {
  return Math.max(
    said.lastIndexOf(`> to=<${recipient}> proto=`),
    said.lastIndexOf(`>, to=<${recipient}>, proto=`),
  )
}

/** Without `<who>: ` and `… rejected: `: what the server's own words are, the client's left out. */
function withoutSubject({ text, sender, recipient, helo }: Tail): string {
  const known = [recipient, sender, helo].find((subject) => text.startsWith(`<${subject}>: `))
  const own = known === undefined ? text.replace(/^<[^>]*>: /, '') : text.slice(known.length + 4)
  return own.replace(/^[A-Z][a-z]+ (?:[a-z]+ ){0,2}rejected: /, '')
}

/** What the answers say; all as in postgrey's options. */
export interface ReplyTexts {
  /** The first word of a deferral: access(5). */
  readonly action: string
  /** %s: seconds left; %r: the recipient's domain. */
  readonly text: string
  /** %t: seconds waited; %v: version; %h: this host; %d: the date. */
  readonly header: string
  readonly hostname: string
  readonly version: string
}

export const DEFAULT_ACTION = 'DEFER_IF_PERMIT'
export const DEFAULT_TEXT = 'Greylisted, try again in %s seconds'
export const DEFAULT_HEADER = 'X-Greylist: delayed %t seconds by greyctl-%v at %h; %d'

/** Longest text that is sent to a client: an SMTP reply line has at most 512 octets (RFC 5321 §4.5.3.1.5). */
const LONGEST_TEXT = 400

export const DUNNO = 'action=DUNNO\n\n'

/** A text that brings no status of its own gets 4.2.0: Exchange handles the default 4.7.1 badly. */
export function deferReply(texts: ReplyTexts, secondsLeft: number, recipient: string): string {
  const text = /^\d/.test(texts.text) ? texts.text : `4.2.0 ${texts.text}`
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1)
  const filled = fill(text, { s: String(secondsLeft), r: domain })
  return `action=${texts.action} ${oneLine(filled).slice(0, LONGEST_TEXT)}\n\n`
}

export function headerReply(texts: ReplyTexts, secondsWaited: number, nowMilliseconds: number): string {
  const values = {
    t: String(secondsWaited),
    v: texts.version,
    h: texts.hostname,
    d: mailDate(nowMilliseconds),
  }
  return `action=PREPEND ${oneLine(fill(texts.header, values))}\n\n`
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/%([a-z])/g, (whole, name: string) => values[name] ?? whole)
}

/** A line break would end the answer, and start another. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, '?')
}

/** RFC 5322 §3.3, in UTC. */
export function mailDate(nowMilliseconds: number): string {
  return new Date(nowMilliseconds).toUTCString().replace('GMT', '+0000')
}

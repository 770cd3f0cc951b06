import { isPostfix, type MailEvent, postfixDaemon } from './event.js'
import { parseGreylister } from './greylister-event.js'
import { parsePostfix } from './postfix-event.js'

/**
 * What one message of the log says about greylisting; undefined for nothing. A program that the log names decides
 * who is believed: an address that spells out another program's line is still only an address. `own`: replyPattern.
 */
export function parseEvent(program: string, body: string, own?: RegExp): MailEvent | undefined {
  if (isPostfix(program)) return parsePostfix(postfixDaemon(program), body, own)
  if (program === 'systemd-journald' || program === 'rsyslogd') return parseLost(body)
  const event = parseGreylister(program, body)
  if (event !== undefined) return event
  return program === '' || program.endsWith('.service') ? parsePostfix(undefined, body, own) : undefined
}

const LOST =
  /^Suppressed (\d{1,9}) messages from |^im(?:journal|uxsock)[^:]{0,200}: (\d{1,9}) messages lost due to rate-limiting|^imuxsock lost (\d{1,9}) messages/

/** systemd-journald(8) RateLimitBurst; rsyslog's imjournal and imuxsock. */
function parseLost(body: string): MailEvent | undefined {
  const match = LOST.exec(body)
  return match ? { kind: 'lost', count: Number(match[1] ?? match[2] ?? match[3]) } : undefined
}

import type { Decision } from './decide.js'
import type { LogLines } from './logline.js'
import type { PolicyRequest } from './request.js'

/**
 * One JSON object a line, in ASCII: whatever bytes a client sent, a line has one end and a terminal shows it as it is.
 * Bytes that are UTF-8 become the characters that they stand for; others become U+FFFD. `clock` gives milliseconds.
 */
export function jsonLines(clock: () => number): LogLines {
  return {
    action: (request, decision, withDelay) =>
      line(clock(), 'info', decisionFields(request, decision, withDelay)),
    whitelisted: ({ clientName, clientAddress }) =>
      line(clock(), 'info', {
        event: 'whitelisted',
        client_name: text(clientName),
        client_address: text(clientAddress),
      }),
  }
}

/** A line that is no decision: `warning: ` before it is its level. */
export function jsonMessage(message: string, nowMilliseconds: number): string {
  const words = message.replace(/^warning: /, '')
  return line(nowMilliseconds, words === message ? 'info' : 'warning', {
    event: 'message',
    message: text(words),
  })
}

/** Absent: what does not apply. The null sender is "". */
function decisionFields(request: PolicyRequest, decision: Decision, withDelay: boolean) {
  return {
    event: 'decision',
    action: decision.action === 'defer' ? 'greylist' : 'pass',
    reason: decision.reason,
    learning: decision.learned,
    wait_seconds: decision.waitSeconds,
    delay_seconds: withDelay ? decision.delaySeconds : undefined,
    queue_id: request.queueId === '' ? undefined : text(request.queueId),
    client_name: text(request.clientName),
    client_address: text(request.clientAddress),
    sender: text(request.sender),
    recipient: text(request.recipient),
  }
}

function line(nowMilliseconds: number, level: 'info' | 'warning', fields: object): string {
  const time = new Date(nowMilliseconds).toISOString()
  return JSON.stringify({ time, level, ...fields }).replace(/[\u007f-\uffff]/g, escaped)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Of one character a byte. */
function text(bytes: string): string {
  return /^[\x00-\x7f]*$/.test(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8')
}

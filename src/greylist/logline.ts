import type { Decision } from './decide.js'
import type { PolicyRequest } from './request.js'

/** How a decision, and a client that earned its place on the automatic whitelist, are written. One line each. */
export interface LogLines {
  action(request: PolicyRequest, decision: Decision, withDelay: boolean): string
  whitelisted(request: PolicyRequest): string
}

export const TEXT_LINES: LogLines = { action: actionLine, whitelisted: whitelistedLine }

/**
 * postgrey's line: fields in its order, empty ones left out. What a client sent is escaped as postgrey escapes it on
 * standard error (bytes outside printable ASCII as %XX, % doubled); a comma before a space becomes %2C, so that a
 * quoted address cannot invent a field. One request is always one line.
 */
export function actionLine(request: PolicyRequest, decision: Decision, withDelay: boolean): string {
  const id = request.queueId === '' ? '' : `${escapeValue(request.queueId)}: `
  const delay = withDelay && decision.delaySeconds ? `, delay=${decision.delaySeconds}` : ''
  return `${id}action=${decision.action === 'defer' ? 'greylist' : 'pass'}, reason=${reasonText(decision)}${delay}${field(
    'client_name',
    request.clientName,
  )}${field('client_address', request.clientAddress)}${field('sender', request.sender)}${field('recipient', request.recipient)}`
}

export function whitelistedLine(request: PolicyRequest): string {
  const address = escapeValue(request.clientAddress)
  return `whitelisted: ${request.clientName === '' ? address : `${escapeValue(request.clientName)}[${address}]`}`
}

function reasonText(decision: Decision): string {
  const reason =
    decision.reason === 'early-retry' ? `early-retry (${decision.waitSeconds}s missing)` : decision.reason
  return decision.learned ? `learning: ${reason}` : reason
}

function field(name: string, value: string): string {
  return value === '' ? '' : `, ${name}=${escapeValue(value)}`
}

/** Text of one character a byte to printable ASCII. */
export function escapeValue(text: string): string {
  if (/^[\x20-\x24\x26-\x2b\x2d-\x7e]*$/.test(text)) return text
  return text.replace(/%/g, '%%').replace(/,(?= |$)|[^\x20-\x7e]/g, percent)
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

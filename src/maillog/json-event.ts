import type { MailEvent, Passed } from './event.js'

/** Lines of `greyctl daemon --log-format=json` (docs/configuration.md), by how they begin. */
const BEGINNING = /^\{"time":"([^"]{1,40})","level":"[a-z]{1,10}","event":"/

/** The time that such a line says itself; undefined for any other line. */
export function jsonLineTime(line: string): string | undefined {
  return BEGINNING.exec(line)?.[1]
}

/** What such a line says, in the words of the same line in postgrey's format; undefined for anything else. Never throws. */
export function parseJsonEvent(body: string): MailEvent | undefined {
  if (!BEGINNING.test(body)) return undefined
  let fields: Readonly<Record<string, unknown>>
  try {
    fields = JSON.parse(body)
  } catch {
    // cut short on its way
    return undefined
  }
  if (fields.event === 'decision') return decisionOf(fields)
  const gaveUp = fields.event === 'message' && String(fields.message).startsWith('not greylisting')
  return gaveUp ? { kind: 'failed-open' } : undefined
}

function decisionOf(fields: Readonly<Record<string, unknown>>): MailEvent | undefined {
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '')
  const seconds = (name: string) => {
    const value = fields[name]
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined
  }
  const reason = text('reason')
  const address = text('client_address')
  if (reason === '' || address === '') return undefined
  const about = {
    by: 'greylister' as const,
    client: { name: text('client_name') || 'unknown', address },
    sender: text('sender'),
    recipient: text('recipient'),
  }
  if (fields.action === 'greylist') {
    const early = reason === 'early-retry'
    const wait = early ? seconds('wait_seconds') : undefined
    return {
      kind: 'deferred',
      ...about,
      reason: early ? 'early-retry' : 'new',
      ...(wait === undefined ? {} : { wait }),
    }
  }
  if (fields.action !== 'pass') return undefined
  const delay = seconds('delay_seconds')
  return { kind: 'passed', ...about, ...passed(fields, reason), ...(delay === undefined ? {} : { delay }) }
}

function passed(
  { learning, wait_seconds: wait }: Readonly<Record<string, unknown>>,
  reason: string,
): Pick<Passed, 'reason' | 'said'> {
  if (learning !== true) return { reason: passReason(reason), said: reason }
  return {
    reason: 'learning',
    said: `learning: ${reason === 'early-retry' ? `early-retry (${wait}s missing)` : reason}`,
  }
}

/** What a greylister's words for letting a mail through come to. */
export function passReason(text: string): Passed['reason'] {
  if (text === 'triplet found') return 'triplet'
  if (text.startsWith('learning')) return 'learning'
  return /whitelist|\bAWL\b/.test(text) ? 'whitelist' : 'other'
}

import type { Decided } from './event.js'

const ACTION = /^(?:[0-9A-Za-z]{6,20}: )?action=(greylist|pass), reason=(.*)$/s
const EARLY = /^early-retry \((\d+)s missing\)$/
const FIELD = /^(delay|client_name|client_address|sender|recipient)=/
const SQLGREY =
  /^(?:grey|whitelist): (?:(new|early reconnect|reconnect ok|from awl match: updating|domain awl match: updating|throttling): )?/

/**
 * A decision line of greyctl or postgrey (same format: fields in fixed order, empty ones left out), or of sqlgrey.
 * `%%` and `%XX` are undone. undefined for other lines.
 */
export function greylisterEvent(program: string, body: string): Decided | undefined {
  const action = ACTION.exec(body)
  if (action) return actionEvent(action[1] === 'greylist' ? 'defer' : 'pass', action[2] ?? '')
  if (program === 'sqlgrey' || (program === '' && body.startsWith('grey: '))) return sqlgreyEvent(body)
  return undefined
}

interface Fields {
  delay?: string
  client_name?: string
  client_address?: string
  sender?: string
  recipient?: string
}

function actionEvent(action: Decided['action'], rest: string): Decided | undefined {
  const { reason: written, fields } = splitFields(rest)
  if (fields.client_address === undefined) return undefined
  const learned = written.startsWith('learning: ')
  const reason = learned ? written.slice('learning: '.length) : written
  const early = EARLY.exec(reason)
  return {
    kind: 'decided',
    action,
    reason: early ? 'early-retry' : reason,
    learned,
    missing: early ? Number(early[1]) : undefined,
    delay: /^\d{1,9}$/.test(fields.delay ?? '') ? Number(fields.delay) : undefined,
    client: undoEscapes(fields.client_address).replace(/\/\d+$/, ''),
    sender: undoEscapes(fields.sender ?? ''),
    recipient: undoEscapes(fields.recipient ?? ''),
  }
}

const ORDER = ['delay', 'client_name', 'client_address', 'sender', 'recipient'] as const

/**
 * Fields come in one order, so a `, recipient=` inside a sender of a greylister that does not escape commas can only
 * shift what follows it, and a field can never be set twice.
 */
function splitFields(rest: string): { reason: string; fields: Fields } {
  const parts = rest.split(', ')
  const reason: string[] = []
  const fields: Fields = {}
  let current: keyof Fields | undefined
  for (const part of parts) {
    const name = FIELD.exec(part)?.[1] as keyof Fields | undefined
    if (name !== undefined && comesAfter(name, current)) {
      current = name
      fields[name] = part.slice(name.length + 1)
    } else if (current === undefined) reason.push(part)
    else fields[current] = `${fields[current]}, ${part}`
  }
  return { reason: reason.join(', '), fields }
}

function comesAfter(name: keyof Fields, current: keyof Fields | undefined): boolean {
  return current === undefined || ORDER.indexOf(name) > ORDER.indexOf(current)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** `%%` is a percent sign and `%C3%A9` the bytes of a character, as postgrey on standard error and greyctl write them. */
export function undoEscapes(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%%|(?:%[0-9A-F]{2})+/g, (run) => {
    if (run === '%%') return '%'
    const bytes = Uint8Array.from(run.slice(1).split('%'), (hex) => Number.parseInt(hex, 16))
    try {
      return utf8.decode(bytes)
    } catch {
      return String.fromCharCode(...bytes)
    }
  })
}

const SQLGREY_REASONS: Record<string, Pick<Decided, 'action' | 'reason'>> = {
  new: { action: 'defer', reason: 'new' },
  throttling: { action: 'defer', reason: 'new' },
  'early reconnect': { action: 'defer', reason: 'early-retry' },
  'reconnect ok': { action: 'pass', reason: 'triplet found' },
  'from awl match: updating': { action: 'pass', reason: 'client AWL' },
  'domain awl match: updating': { action: 'pass', reason: 'client AWL' },
}

const SQLGREY_TRIPLET = /^[0-9a-fA-F.:]+\(([0-9a-fA-F.:]+)\), (.*) -> (.*?)(?: \((\d+)\))?$/s
const SQLGREY_AWL = /^[0-9a-fA-F.:]+\(([0-9a-fA-F.:]+)\), (.*?)(?:\(.*\))?$/s
const SQLGREY_WHITELIST = /^whitelist: (.*), ([0-9a-fA-F.:]+)\(.*\) -> (.*)$/s

function sqlgreyEvent(body: string): Decided | undefined {
  const whitelisted = SQLGREY_WHITELIST.exec(body)
  if (whitelisted) {
    const [, sender = '', client = '', recipient = ''] = whitelisted
    return sqlgreyDecision({ action: 'pass', reason: 'client whitelist' }, { client, sender, recipient })
  }
  const head = SQLGREY.exec(body)
  const outcome = SQLGREY_REASONS[head?.[1] ?? '']
  if (!head || !outcome) return undefined
  const rest = body.slice(head[0].length)
  const parts = SQLGREY_TRIPLET.exec(rest)
  if (parts) {
    const [, client = '', sender = '', recipient = '', delay] = parts
    return sqlgreyDecision(outcome, { client, sender, recipient }, delay)
  }
  const awl = SQLGREY_AWL.exec(rest)
  if (!awl || outcome.reason !== 'client AWL') return undefined
  return sqlgreyDecision(outcome, { client: awl[1] ?? '', sender: awl[2] ?? '', recipient: '' })
}

function sqlgreyDecision(
  outcome: Pick<Decided, 'action' | 'reason'>,
  triplet: { client: string; sender: string; recipient: string },
  delay?: string,
): Decided {
  const sender = triplet.sender === '-undef-@-undef-' ? '' : triplet.sender
  return {
    kind: 'decided',
    ...outcome,
    learned: false,
    missing: undefined,
    delay: delay === undefined ? undefined : Number(delay),
    ...triplet,
    sender,
  }
}

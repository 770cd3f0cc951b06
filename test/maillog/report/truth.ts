import type { LogWriter, Mail } from '../log-writer.js'
import { LogWriter as Writer } from '../log-writer.js'

/** What a made log holds, counted while it was made. */
export interface Truth {
  greylisted: number
  cameBack: number
  elsewhere: number
  waiting: number
  neverCameBack: number
  earlyRetries: number
  /** Seconds, of those that came back. */
  readonly delays: number[]
  /** First deferrals by UTC day. */
  readonly days: Map<string, number>
  readonly hours: number[]
  readonly reasons: Map<string, number>
  readonly recipients: Map<string, number>
}

/** The writer's clock starts here. */
const START = Date.UTC(2026, 10, 23, 10)
export const DAY = 86_400

/** Numbers that look random and are the same every time (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

/** A log of several days whose every count is known: both tellers' lines, or what `only` leaves of them. */
export function makeLog(seed: number, mails: number): { readonly log: LogWriter; readonly truth: Truth } {
  const below = numbers(seed)
  const truth: Truth = {
    greylisted: 0,
    cameBack: 0,
    elsewhere: 0,
    waiting: 0,
    neverCameBack: 0,
    earlyRetries: 0,
    delays: [],
    days: new Map(),
    hours: Array.from({ length: 24 }, () => 0),
    reasons: new Map(),
    recipients: new Map(),
  }
  const acts: { readonly at: number; readonly act: (log: LogWriter) => void }[] = []
  const span = 5 * DAY
  let queued = 0
  const act = (at: number, write: (log: LogWriter) => void) => acts.push({ at, act: write })
  const deferred = (at: number, mail: Mail, missing?: number) => {
    const reason = missing === undefined ? 'new' : `early-retry (${missing}s missing)`
    act(at, (log) => log.greylister(`action=greylist, reason=${reason}`, mail).rejected(mail))
  }
  const first = (at: number, mail: Mail) => {
    deferred(at, mail)
    truth.greylisted += 1
    const date = new Date(START + at * 1000)
    const day = date.toISOString().slice(0, 10)
    truth.days.set(day, (truth.days.get(day) ?? 0) + 1)
    truth.hours[date.getUTCHours()] = (truth.hours[date.getUTCHours()] ?? 0) + 1
    const to = mail.recipient ?? ''
    truth.recipients.set(to, (truth.recipients.get(to) ?? 0) + 1)
  }
  const accepted = (at: number, mail: Mail, decision: string) => {
    queued += 1
    const queueId = `4K${String(queued).padStart(10, 'B')}z`
    act(at, (log) => log.greylister(`action=pass, reason=${decision}`, mail).accepted(queueId, mail))
  }
  for (let number = 0; number < mails; number += 1) {
    const mail: Mail = {
      client: `mx${number}.example.org[10.${number >> 8}.${number & 255}.1]`,
      sender: `sender${number}@example.org`,
      recipient: `user${below(7)}@mx.test`,
      reply: '450 4.2.0 <u@mx.test>: Recipient address rejected: Greylisted',
    }
    const kind = below(10)
    // a day before the end: nobody of these is still waited for
    const at = below(span - 2 * DAY)
    if (kind < 4) {
      const delay = 60 + below(20_000)
      first(at, mail)
      if (kind === 0) {
        deferred(at + 20, mail, 40)
        truth.earlyRetries += 1
      }
      accepted(at + delay, mail, `triplet found, delay=${delay}`)
      truth.cameBack += 1
      truth.delays.push(delay)
    } else if (kind === 4) {
      const other = { ...mail, client: `mx${number}.example.org[172.${number >> 8}.${number & 255}.1]` }
      first(at, mail)
      first(at + 100, other)
      accepted(at + 400, other, 'triplet found, delay=300')
      truth.elsewhere += 1
      truth.cameBack += 1
      truth.delays.push(300)
    } else if (kind === 5) {
      first(span - 60 - below(3600), mail)
      truth.waiting += 1
    } else if (kind === 6) {
      const reason = ['client whitelist', 'recipient whitelist', 'client AWL'][below(3)] ?? ''
      accepted(at, mail, reason)
      truth.reasons.set(reason, (truth.reasons.get(reason) ?? 0) + 1)
    } else if (kind === 7) {
      const probe = { ...mail, sender: 'greyctl-probe@mx.test' }
      deferred(at, probe)
      act(at + 60, (log) => log.greylister('action=pass, reason=client whitelist', probe))
    } else {
      first(at, mail)
      truth.neverCameBack += 1
    }
  }
  act(span, (log) => log.other())
  const log = new Writer()
  let clock = 0
  for (const { at, act: write } of acts.sort((a, b) => a.at - b.at)) {
    log.wait(at - clock)
    clock = at
    write(log)
  }
  return { log, truth }
}

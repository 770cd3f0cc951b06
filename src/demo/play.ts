import type { Host } from '../host/host.js'
import { type DemoDaemon, prepareDaemon } from './daemon.js'
import { type Accident, BEGIN, type Moment, scenario, type Try } from './scenario.js'

/** A try and what became of it. */
export interface Told extends Try {
  /** Epoch seconds on the story's clock. */
  readonly time: number
  readonly answer: 'deferred' | 'passed'
  /** As Postfix would read it: `DUNNO`, `PREPEND X-Greylist: …`, `DEFER_IF_PERMIT …`. */
  readonly reply: string
  /** Why, in the words of the daemon's log. */
  readonly reason: string
  /** Seconds since the mail's first try. */
  readonly waited: number
}

export type Event = Told | (Accident & { readonly time: number })

export interface Story {
  readonly events: readonly Event[]
  readonly summary: Summary
}

export interface Summary {
  readonly requests: number
  /** Mails of each kind: all, and those that were accepted in the end. */
  readonly good: Counted
  readonly spam: Counted
  /** Good mails that did not wait at all. */
  readonly atOnce: number
  /** Seconds that the others waited, the median. */
  readonly medianWait: number
  /** Tries that were answered otherwise than they had to be. 0, or something is wrong. */
  readonly surprises: number
  /** Real time it took, pauses for the reader included. */
  readonly seconds: number
}

interface Counted {
  readonly mails: number
  readonly accepted: number
}

export interface PlayOptions {
  /** The directory with dist/ and templates/. */
  readonly root: string
  /** Seconds between two moments, for the reader's sake. */
  readonly pause: number
  /** Told each event as it happens. */
  readonly tell: (event: Event) => void
  /** Ends the story early. */
  readonly signal: AbortSignal
}

/** Plays the scenario against a real daemon. Leaves nothing behind, however it ends. Throws GreyctlError. */
export async function play(host: Host, { root, pause, tell, signal }: PlayOptions): Promise<Story> {
  const began = host.now()
  const daemon = await prepareDaemon(host, root)
  const events: Event[] = []
  const firsts = new Map<string, number>()
  try {
    await daemon.start()
    for (const moment of scenario()) {
      signal.throwIfAborted()
      const event = await happen(daemon, moment, firsts)
      events.push(event)
      tell(event)
      if (pause > 0) await host.sleep(pause, signal)
    }
  } finally {
    await daemon.remove()
  }
  return { events, summary: summarize(events, host.now() - began) }
}

async function happen(daemon: DemoDaemon, moment: Moment, firsts: Map<string, number>): Promise<Event> {
  const time = BEGIN + moment.at
  if ('accident' in moment) {
    await daemon.kill()
    await daemon.start()
    return { ...moment, time }
  }
  const reply = (await daemon.ask(policyRequest(moment, time))).replace(/^action=/, '')
  const first = firsts.get(moment.mail) ?? time
  firsts.set(moment.mail, first)
  const reason = /reason=(.*?)(?:, delay=\d+)?, client_/.exec(await daemon.decisionLine())?.[1] ?? ''
  const answer = /^DEFER/i.test(reply) ? 'deferred' : 'passed'
  return { ...moment, time, answer, reply, reason, waited: time - first }
}

/** SMTPD_POLICY_README, "Protocol description"; the time is for the daemon's --test-clock. */
function policyRequest({ address, name, sender, recipient, mail, attempt }: Try, time: number): string {
  const attributes = {
    request: 'smtpd_access_policy',
    protocol_state: 'RCPT',
    protocol_name: 'ESMTP',
    client_address: address,
    client_name: name,
    helo_name: name,
    sender,
    recipient,
    instance: `${mail.replace(/\W/g, '-')}.${attempt}`,
    policy_test_time: String(time),
  }
  return `${Object.entries(attributes)
    .map(([attribute, value]) => `${attribute}=${value}\n`)
    .join('')}\n`
}

export function summarize(events: readonly Event[], seconds: number): Summary {
  const tries = events.filter((event) => 'answer' in event)
  const last = new Map(tries.map((one) => [one.mail, one]))
  const ends = (kind: Try['kind']) => [...last.values()].filter((one) => one.kind === kind)
  const counted = (kind: Try['kind']): Counted => ({
    mails: ends(kind).length,
    accepted: ends(kind).filter(({ answer }) => answer === 'passed').length,
  })
  const waits = ends('good')
    .filter(({ answer }) => answer === 'passed')
    .map(({ waited }) => waited)
  const late = waits.filter((wait) => wait > 0).sort((a, b) => a - b)
  return {
    requests: tries.length,
    good: counted('good'),
    spam: counted('spam'),
    atOnce: waits.length - late.length,
    medianWait: late[Math.floor(late.length / 2)] ?? 0,
    surprises: tries.filter(({ answer, expected }) => answer !== expected).length,
    seconds,
  }
}

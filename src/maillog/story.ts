import type {
  Accepted,
  Decided,
  Delivered,
  MailEvent,
  Queued,
  Rejected,
  Removed,
  Triplet,
  Unreachable,
} from './event.js'
import { defer, firstDeferral, type Life, type LineRef, newLife, pass, type Story, storyOf } from './life.js'
import { isLoopback, networkOf } from './network.js'
import { type QueuedMail, QueueTracker } from './queue.js'

/** An event and where it stands. */
export interface Told {
  readonly event: MailEvent
  readonly at: number | undefined
  /** The Postfix instance, for queue ids. */
  readonly instance: string
  readonly ref: LineRef
  /** The line's body, kept as evidence. */
  readonly text: string
}

export interface Evidence {
  readonly ref: string
  readonly text: string
}

/** What the log tells, when it was read to its end. */
export interface Stories {
  readonly lives: readonly Story[]
  /** Greylister's passes because of a whitelist, manual or automatic. */
  readonly whitelisted: number
  /** Decisions that were only logged (--learn), and when the last was. */
  readonly learned: number
  /** Lines of a greylister, of any kind. */
  readonly decisions: number
  /** Messages from clients that are neither this host nor authenticated. */
  readonly strangers: number
  readonly unreachable: Outage
  /** When greylisting was last seen at work: a decision, or a deferral. Seconds since the epoch. */
  readonly lastSign: number | undefined
  /** Seconds, learned from what early retries were told; undefined when none said. */
  readonly configuredDelay: number | undefined
  /** Triplets that were not followed because there were too many. */
  readonly untracked: number
}

export interface Outage {
  /** Times that smtpd got no answer from a policy server. */
  readonly count: number
  /** Of these, times that mail was put off for it. */
  readonly putOff: number
  readonly last: number | undefined
  readonly services: readonly string[]
  readonly evidence: readonly Evidence[]
}

export interface StoryLimits {
  /** Triplets followed; each takes about half a kilobyte. */
  readonly triplets: number
  /** Messages between acceptance and delivery. */
  readonly queued: number
}

const LIMITS: StoryLimits = { triplets: 250_000, queued: 50_000 }
const PROBE_SENDER = 'greyctl-probe@'
const EVIDENCE = 3

/** Collects events, in the order of the log, into the life of each triplet. Memory is bounded by the limits. */
export class StoryTeller {
  private readonly lives = new Map<string, Life>()
  private readonly queue: QueueTracker
  private readonly unreachable = { connect: 0, talk: 0, 'put-off': 0 }
  private readonly services = new Set<string>()
  private readonly evidence: Evidence[] = []
  private lastUnreachable: number | undefined
  private whitelisted = 0
  private learned = 0
  private decisions = 0
  private strangers = 0
  private untracked = 0
  private lastSign: number | undefined
  private configuredDelay: number | undefined

  constructor(private readonly limits: StoryLimits = LIMITS) {
    this.queue = new QueueTracker(limits.queued)
  }

  add(told: Told): void {
    const { event } = told
    if (event.kind === 'decided') this.decided(event, told)
    else if (event.kind === 'rejected') this.rejected(event, told)
    else if (event.kind === 'unreachable') this.failed(event, told)
    else this.moved(event, told)
  }

  end(): Stories {
    return {
      lives: mergeMoved([...this.lives.values()].map(storyOf)),
      whitelisted: this.whitelisted,
      learned: this.learned,
      decisions: this.decisions,
      strangers: this.strangers,
      unreachable: {
        count: Math.max(...Object.values(this.unreachable)),
        putOff: this.unreachable['put-off'],
        last: this.lastUnreachable,
        services: [...this.services],
        evidence: this.evidence,
      },
      lastSign: this.lastSign,
      configuredDelay: this.configuredDelay,
      untracked: this.untracked,
    }
  }

  private decided(event: Decided, told: Told): void {
    if (isProbe(event.sender)) return
    this.decisions += 1
    this.sign(told.at)
    if (event.learned) this.learned += 1
    else if (event.action === 'defer') this.deferred(event, event.missing, 'greylister', told)
    else this.passed(event, told)
  }

  private passed(event: Decided, told: Told): void {
    if (/whitelist|AWL|dnswl/i.test(event.reason)) this.whitelisted += 1
    const life = event.delay === undefined ? this.lives.get(keyOf(event)) : this.lifeOf(event, told.ref)
    if (life) pass(life, told.at, event.delay)
  }

  private rejected(event: Rejected, told: Told): void {
    if (!event.greylisted || isProbe(event.sender)) return
    this.sign(told.at)
    this.deferred(event, event.missing, 'postfix', told)
  }

  private deferred(
    triplet: Triplet,
    missing: number | undefined,
    teller: 'greylister' | 'postfix',
    told: Told,
  ): void {
    const life = this.lifeOf(triplet, told.ref)
    if (life === undefined) return
    defer(life, teller, told.at)
    life.lastRef = told.ref
    const first = firstDeferral(life)
    if (missing === undefined || told.at === undefined || first === undefined) return
    this.configuredDelay = Math.max(this.configuredDelay ?? 0, Math.round(told.at - first + missing))
  }

  private moved(event: Accepted | Queued | Delivered | Removed, { instance, at }: Told): void {
    if (event.kind === 'accepted') this.queue.accept(instance, event, at)
    else if (event.kind === 'removed') this.queue.remove(instance, event.queueId)
    else if (event.kind === 'queued') this.named(this.queue.find(instance, event.queueId), event.sender)
    else this.attempted(this.queue.find(instance, event.queueId), event)
  }

  /** qmgr takes a message out of the queue again and again: only the first time tells something new. */
  private named(mail: QueuedMail | undefined, sender: string): void {
    if (mail === undefined || mail.sender !== undefined) return
    mail.sender = sender
    if (!mail.authenticated && !isLoopback(mail.client) && !isProbe(sender)) this.strangers += 1
  }

  private attempted(mail: QueuedMail | undefined, event: Delivered): void {
    if (mail?.sender === undefined) return
    const { client, sender, at } = mail
    this.delivered({ client, sender, recipient: event.recipient }, at)
    if (event.original) this.delivered({ client, sender, recipient: event.original }, at)
  }

  /** Postfix accepted it: the end of the wait of a triplet that was deferred before. */
  private delivered(triplet: Triplet, at: number | undefined): void {
    const life = this.lives.get(keyOf(triplet))
    if (life === undefined || life.passed) return
    const first = firstDeferral(life)
    if (at === undefined || first === undefined || at >= first) pass(life, at, undefined)
  }

  private failed(event: Unreachable, told: Told): void {
    this.unreachable[event.sign] += 1
    if (event.service !== '' && this.services.size < 8) this.services.add(event.service)
    if (this.evidence.length < EVIDENCE) this.evidence.push({ ref: refText(told.ref), text: told.text })
    if (told.at !== undefined) this.lastUnreachable = Math.max(this.lastUnreachable ?? 0, told.at)
  }

  private lifeOf(triplet: Triplet, ref: LineRef): Life | undefined {
    const key = keyOf(triplet)
    const known = this.lives.get(key)
    if (known) return known
    if (this.lives.size >= this.limits.triplets) {
      this.untracked += 1
      return undefined
    }
    const life = newLife(triplet, ref)
    this.lives.set(key, life)
    return life
  }

  private sign(at: number | undefined): void {
    if (at !== undefined) this.lastSign = Math.max(this.lastSign ?? 0, at)
  }
}

export function refText(ref: LineRef): string {
  return `${ref.source}:${ref.line}`
}

function keyOf({ client, sender, recipient }: Triplet): string {
  return `${networkOf(client)}\n${sender.toLowerCase()}\n${recipient.toLowerCase()}`
}

function isProbe(sender: string): boolean {
  return sender.toLowerCase().startsWith(PROBE_SENDER)
}

/**
 * A pool retries from another network and a greylister that knows it lets it pass: its line tells the delay, and that
 * finds the deferral again. Without this one mail would count as two, one of them never retried.
 */
function mergeMoved(lives: readonly Story[]): readonly Story[] {
  const orphans = lives.filter((life) => life.passed && life.lastDeferredAt === undefined)
  if (orphans.length === 0) return lives
  const waiting = new Map<string, Story[]>()
  for (const life of lives) {
    if (life.passed) continue
    const key = mailKey(life)
    const same = waiting.get(key)
    if (same) same.push(life)
    else waiting.set(key, [life])
  }
  const merged = new Map<Story, Story>()
  const gone = new Set<Story>()
  for (const orphan of orphans) {
    const twin = waiting.get(mailKey(orphan))?.find((life) => !merged.has(life) && sameFirst(life, orphan))
    if (twin === undefined) continue
    merged.set(twin, { ...twin, passed: true, passedAt: orphan.passedAt, delay: orphan.delay })
    gone.add(orphan)
  }
  return lives.filter((life) => !gone.has(life)).map((life) => merged.get(life) ?? life)
}

function mailKey({ sender, recipient }: Triplet): string {
  return `${sender.toLowerCase()}\n${recipient.toLowerCase()}`
}

/** Two seconds: logged delays are whole, and a line is written after its decision. */
function sameFirst(a: Story, b: Story): boolean {
  return (
    a.deferredAt !== undefined && b.deferredAt !== undefined && Math.abs(a.deferredAt - b.deferredAt) <= 2
  )
}

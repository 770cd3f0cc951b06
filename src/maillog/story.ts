import type { Deferred, MailEvent, Passed } from './event.js'
import {
  defer,
  firstDeferral,
  type Life,
  type LineRef,
  newLife,
  pass,
  type Story,
  storyOf,
  type Triplet,
} from './life.js'
import { ownText } from './own-text.js'
import { type QueuedMail, QueueTracker } from './queue.js'
import type { Evidence } from './report.js'
import { clientNetwork, inNetworks, isProbe, pairKey } from './triplet.js'

/** An event and where it stands. */
export interface Told {
  readonly event: MailEvent
  readonly at: number | undefined
  /** The Postfix instance, for queue ids. */
  readonly instance: string
  readonly ref: LineRef
  /** The line's body, kept as evidence. */
  readonly text: string
  /** So often in a row. */
  readonly repeat: number
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
  /** Requests that the greylister could not decide and let through, as it says itself. */
  readonly failedOpen: number
}

export interface Outage {
  /** Times that smtpd got no answer from a policy server. */
  readonly count: number
  /** Of these, times that mail was put off for it. */
  readonly putOff: number
  /** Some of it said that a restriction is wrong, not that nobody answered. */
  readonly misconfigured: boolean
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
const EVIDENCE = 3

/** Collects events, in the order of the log, into the life of each triplet. Memory is bounded by the limits. */
export class StoryTeller {
  private readonly lives = new Map<string, Life>()
  private readonly queue: QueueTracker
  private readonly troubles = { connect: 0, talk: 0, policy: 0, configuration: 0 }
  private failedOpen = 0
  private readonly services = new Set<string>()
  private readonly evidence: Evidence[] = []
  private lastTrouble: number | undefined
  private whitelisted = 0
  private learned = 0
  private decisions = 0
  private strangers = 0
  private untracked = 0
  private lastSign: number | undefined
  private configuredDelay: number | undefined

  /** Is the address this host's, or of a network that it trusts? */
  private readonly isOwn: (address: string) => boolean

  constructor(
    private readonly limits: StoryLimits = LIMITS,
    ownNetworks: readonly string[] = [],
  ) {
    this.queue = new QueueTracker(limits.queued)
    this.isOwn = inNetworks(ownNetworks)
  }

  add(told: Told): void {
    const { event, at, instance } = told
    if (event.kind === 'deferred') this.deferred(event, told)
    else if (event.kind === 'passed') this.passed(event, told)
    else if (event.kind === 'trouble') this.failed(event.what, told)
    else if (event.kind === 'failed-open') this.failedOpen += told.repeat
    else if (event.kind === 'accepted') this.queue.accept(instance, event, at)
    else if (event.kind === 'removed') this.queue.remove(instance, event.queueId)
    else if (event.kind === 'queued') this.named(this.queue.find(instance, event.queueId), event.sender)
    else this.attempted(this.queue.find(instance, event.queueId), event)
  }

  end(): Stories {
    const putOff = this.troubles.policy + this.troubles.configuration
    return {
      lives: mergeMoved([...this.lives.values()].map(storyOf)),
      whitelisted: this.whitelisted,
      learned: this.learned,
      decisions: this.decisions,
      strangers: this.strangers,
      unreachable: {
        count: Math.max(this.troubles.connect, this.troubles.talk, putOff),
        putOff,
        misconfigured: this.troubles.configuration > 0,
        last: this.lastTrouble,
        services: [...this.services],
        evidence: this.evidence,
      },
      lastSign: this.lastSign,
      configuredDelay: this.configuredDelay,
      untracked: this.untracked,
      failedOpen: this.failedOpen,
    }
  }

  private deferred(event: Deferred, told: Told): void {
    if (isProbe(event.client, event.sender, event.recipient)) return
    if (event.by === 'greylister') this.decisions += told.repeat
    this.sign(told.at)
    const life = this.lifeOf(event, told.ref)
    if (life === undefined) return
    defer(life, event.by, told.at, told.repeat)
    life.lastRef = told.ref
    const first = firstDeferral(life)
    if (event.wait === undefined || told.at === undefined || first === undefined) return
    this.configuredDelay = Math.max(this.configuredDelay ?? 0, Math.round(told.at - first + event.wait))
  }

  private passed(event: Passed, told: Told): void {
    if (isProbe(event.client, event.sender, event.recipient)) return
    this.decisions += told.repeat
    this.sign(told.at)
    if (event.reason === 'learning') {
      this.learned += told.repeat
      return
    }
    if (event.reason === 'whitelist') this.whitelisted += told.repeat
    const life = event.delay === undefined ? this.lives.get(keyOf(event)) : this.lifeOf(event, told.ref)
    if (life) pass(life, told.at, event.delay)
  }

  /** qmgr takes a message out of the queue again and again: only the first time tells something new. */
  private named(mail: QueuedMail | undefined, sender: string): void {
    if (mail === undefined || mail.sender !== undefined) return
    mail.sender = ownText(sender)
    if (mail.authenticated || this.isOwn(mail.client.address) || isProbe(mail.client, sender, '')) return
    this.strangers += 1
  }

  private attempted(
    mail: QueuedMail | undefined,
    event: { readonly recipient: string; readonly original: string | undefined },
  ): void {
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

  private failed(what: keyof typeof this.troubles, told: Told): void {
    this.troubles[what] += told.repeat
    const service = /(?:connect to|talking to server) (\S{1,255}): /.exec(told.text)?.[1]
    if (service !== undefined && this.services.size < 8) this.services.add(ownText(service))
    if (this.evidence.length < EVIDENCE)
      this.evidence.push({ ref: refText(told.ref), text: ownText(told.text) })
    if (told.at !== undefined) this.lastTrouble = Math.max(this.lastTrouble ?? 0, told.at)
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
  return `${clientNetwork(client.address)}\n${pairKey(sender, recipient)}`
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
    const key = pairKey(life.sender, life.recipient)
    const same = waiting.get(key)
    if (same) same.push(life)
    else waiting.set(key, [life])
  }
  const merged = new Map<Story, Story>()
  const gone = new Set<Story>()
  for (const orphan of orphans) {
    const twin = waiting
      .get(pairKey(orphan.sender, orphan.recipient))
      ?.find((life) => !merged.has(life) && sameFirst(life, orphan))
    if (twin === undefined) continue
    merged.set(twin, { ...twin, passed: true, passedAt: orphan.passedAt, delay: orphan.delay })
    gone.add(orphan)
  }
  return lives.filter((life) => !gone.has(life)).map((life) => merged.get(life) ?? life)
}

/** Two seconds: logged delays are whole, and a line is written after its decision. */
function sameFirst(a: Story, b: Story): boolean {
  return (
    a.deferredAt !== undefined && b.deferredAt !== undefined && Math.abs(a.deferredAt - b.deferredAt) <= 2
  )
}

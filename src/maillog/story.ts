import type { Deferred, Passed } from './event.js'
import { Fingerprint } from './fingerprint.js'
import { MailFlow } from './flow.js'
import { Followed } from './followed.js'
import { type Story, storyOf } from './life.js'
import type { Key, Lives, Triplet } from './lives.js'
import type { Observer } from './observer.js'
import { type Outage, Outages } from './outages.js'
import { Signs } from './signs.js'
import type { Told } from './told.js'
import type { Totals } from './totals.js'
import { addAddress, addNetwork, isProbe, standsInNetworks } from './triplet.js'

/** What the log tells, when it was read to its end. */
export interface Stories {
  /** All lives, those that were let go included. */
  readonly totals: Totals
  /** Those that were followed to the end. Made when they are asked for: as objects they take the most memory of all. */
  readonly lives: readonly Story[]
  /** The same, one at a time and as often as asked. */
  each(): Iterable<Story>
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
  /** Triplets that were let go while they waited, because there were too many. They are in the totals. */
  readonly untracked: number
  /** Requests that the greylister could not decide and let through, as it says itself. */
  readonly failedOpen: number
  /** Messages that journald or rsyslog left out, as they say. */
  readonly lost: number
}

export interface StoryLimits {
  /** Triplets followed; each takes about 200 bytes. */
  readonly triplets: number
  /** Messages between acceptance and delivery. */
  readonly queued: number
}

const LIMITS: StoryLimits = { triplets: 120_000, queued: 50_000 }

/** Collects events, in the order of the log, into the life of each triplet. Memory is bounded by the limits. */
export class StoryTeller {
  /** Takes the lines of accepted mail without an object for each. */
  readonly flow: MailFlow
  private readonly followed: Followed
  private readonly lives: Lives
  private readonly outages = new Outages()
  private readonly signs = new Signs()
  private readonly print = new Fingerprint()
  private source = 0
  private failedOpen = 0
  private lost = 0
  private whitelisted = 0
  private lastWhitelisted = ''
  private learned = 0
  private decisions = 0

  constructor(
    limits: StoryLimits = LIMITS,
    ownNetworks: readonly string[] = [],
    private readonly observer: Observer = {},
  ) {
    this.followed = new Followed(limits.triplets, observer)
    this.lives = this.followed.lives
    this.flow = new MailFlow(
      limits.queued,
      this.followed,
      standsInNetworks(ownNetworks),
      this.signs,
      () => this.source,
    )
  }

  /** The lines that come now are this source's. */
  startSource(name: string): void {
    this.source = this.lives.sourceNumber(name)
  }

  add(told: Told): void {
    const { event, at, instance, ref } = told
    const { flow } = this
    this.startSource(ref.source)
    switch (event.kind) {
      case 'deferred':
        this.deferred(event, told)
        return
      case 'passed':
        this.passed(event, told)
        return
      case 'trouble':
        this.outages.add(event.what, told)
        return
      case 'decided':
        this.decisions += told.repeat
        this.signs.seen(at)
        return
      case 'lost':
        this.lost += event.count
        return
      case 'failed-open':
        this.failedOpen += told.repeat
        return
      case 'removed':
        flow.removed(flow.idOf(instance, event.queueId))
        return
      case 'accepted': {
        const address = Buffer.from(event.client.address)
        const id = flow.idOf(instance, event.queueId)
        flow.accepted(id, address, 0, address.length, event.authenticated, at ?? Number.NaN)
        return
      }
      case 'queued': {
        const sender = Buffer.from(event.sender)
        flow.queued(flow.idOf(instance, event.queueId), sender, 0, sender.length)
        return
      }
      case 'delivery': {
        const id = flow.idOf(instance, event.queueId)
        const { recipient: final, original } = event
        for (const address of original ? [final, original] : [final]) {
          const recipient = Buffer.from(address)
          flow.delivery(id, recipient, 0, recipient.length)
        }
      }
    }
  }

  /** What it comes to so far; more may come. */
  end(): Stories {
    const { lives } = this
    const { untracked } = this.followed
    const totals = this.followed.totals.copy()
    // the newest first: examples are of the newest, and a story is only made where it may be one
    for (let life = lives.size - 1; life >= 0; life -= 1) totals.add(lives, life)
    let stories: readonly Story[] | undefined
    return {
      totals,
      get lives() {
        stories ??= Array.from({ length: lives.size }, (_, life) => storyOf(lives, life))
        return stories
      },
      *each() {
        for (let life = 0; life < lives.size; life += 1) yield storyOf(lives, life)
      },
      whitelisted: this.whitelisted,
      learned: this.learned,
      decisions: this.decisions,
      strangers: this.flow.strangers,
      unreachable: this.outages.end(),
      lastSign: this.signs.last,
      configuredDelay: this.signs.configuredDelay,
      untracked,
      failedOpen: this.failedOpen,
      lost: this.lost,
    }
  }

  private deferred(event: Deferred, told: Told): void {
    if (isProbe(event.client, event.sender, event.recipient)) return
    if (event.by === 'greylister') this.decisions += told.repeat
    this.signs.seen(told.at)
    const life = this.lifeOf(event, told.at)
    this.followed.defer(life, event.by, told.at, told.repeat)
    this.lives.seenAt(life, told.ref)
    if (event.wait === undefined || told.at === undefined) return
    this.signs.told(event.by, told.at - (this.lives.columns.first[life] as number), event.wait)
  }

  private passed(event: Passed, told: Told): void {
    if (isProbe(event.client, event.sender, event.recipient)) return
    this.decisions += told.repeat
    this.signs.seen(told.at)
    if (event.reason === 'learning') {
      this.learned += told.repeat
      return
    }
    if (event.reason === 'whitelist') this.countWhitelisted(event, told)
    const key = this.keyOf(event)
    const found = this.lives.find(key)
    const moved = found === -1 && event.delay !== undefined ? this.twinOf(key, told.at, event.delay) : -1
    if (found !== -1 || moved !== -1 || event.delay !== undefined) {
      const life = found !== -1 ? found : moved !== -1 ? moved : this.followed.begin(key, event, told.at)
      this.followed.pass(life, told.at, event.delay)
      if (found === -1 && moved === -1) this.lives.seenAt(life, told.ref)
    }
    this.flow.cameElsewhere(key, told.at ?? Number.NaN)
  }

  /** Asked from two lists, a greylister says the same twice in one second. */
  private countWhitelisted(event: Passed, told: Told): void {
    const said = [
      Math.floor(told.at ?? Number.NaN),
      event.client.address,
      event.sender,
      event.recipient,
    ].join()
    if (said === this.lastWhitelisted && told.repeat === 1 && event.recipient !== '') return
    this.lastWhitelisted = said
    this.whitelisted += told.repeat
    this.observer.whitelisted?.(event, told.at, told.repeat)
  }

  /**
   * A pool retries from another network and a greylister that knows it lets it pass: its line tells the delay, and that
   * finds the deferral again. Without this one mail would count as two, one of them never retried.
   */
  private twinOf(key: Key, at: number | undefined, delay: number): number {
    if (at === undefined) return -1
    const { passed, first } = this.lives.columns
    for (const life of this.lives.ofPair(key.pairA, key.pairB)) {
      // two seconds: logged delays are whole, and a line is written after its decision
      if (passed[life] !== 1 && Math.abs((first[life] as number) - (at - delay)) <= 2) return life
    }
    return -1
  }

  private lifeOf(triplet: Triplet, at: number | undefined): number {
    const key = this.keyOf(triplet)
    const known = this.lives.find(key)
    return known === -1 ? this.followed.begin(key, triplet, at) : known
  }

  private keyOf({ client, sender, recipient }: Triplet): Key {
    const { print } = this
    addNetwork(print.start(), Buffer.from(client.address))
    const [netA, netB] = [print.a, print.b]
    addAddress(print.start(), Buffer.from(sender))
    addAddress(print, Buffer.from(recipient))
    return { netA, netB, pairA: print.a, pairB: print.b }
  }
}

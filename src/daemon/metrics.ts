import type { Decision } from '../greylist/decide.js'

/** Seconds. A daemon that is well answers within a few milliseconds; Postfix waits ten seconds. */
const ANSWER_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
/** Seconds: from half a minute to a day. */
const WAIT_BUCKETS = [30, 60, 120, 300, 600, 1200, 3600, 14_400, 43_200, 86_400]

export interface Histogram {
  readonly bounds: readonly number[]
  /** How many fell between a bound and the one before; the last counts what lies beyond all. */
  readonly counts: readonly number[]
  readonly sum: number
}

class Buckets implements Histogram {
  readonly bounds: readonly number[]
  readonly counts: number[]
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  add(value: number, times = 1): void {
    let at = 0
    // most answers fall into the first buckets
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at += 1
    this.counts[at] = (this.counts[at] ?? 0) + times
    this.sum += value * times
  }
}

/** Why a connection was not taken. */
export type Refusal = 'too many' | 'not allowed'

/**
 * What the daemon counts of itself since its start: plain numbers, since every request comes by here.
 * metrics-text.ts writes them down.
 */
export class Metrics {
  readonly decisions = { pass: new Map<string, number>(), defer: new Map<string, number>() }
  readonly answerSeconds = new Buckets(ANSWER_BUCKETS)
  readonly waitSeconds = new Buckets(WAIT_BUCKETS)
  readonly refused: Record<Refusal, number> = { 'too many': 0, 'not allowed': 0 }
  readonly reloads = { ok: 0, failed: 0 }
  /** What is in force is what the files said at the last look at them. */
  isUpToDate = true
  /** Epoch seconds of the start, or of the last reload that did not fail. */
  configuredAt = Date.now() / 1000
  /** Requests answered DUNNO because something failed. */
  failedOpen = 0
  whitelistedClients = 0
  /** Learned from outbound mail. */
  correspondents = 0
  connections = 0

  /** undefined: a request that is none of Postfix's. */
  decided(decision: Decision | undefined): void {
    const { pass, defer } = this.decisions
    const counts = decision?.action === 'defer' ? defer : pass
    const reason = decision?.reason ?? 'unrecognized'
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
    if (decision?.delaySeconds !== undefined) this.waitSeconds.add(decision.delaySeconds)
    if (decision?.nowWhitelisted) this.whitelistedClients += 1
  }

  reloaded(ok: boolean, nowSeconds: number): void {
    this.reloads[ok ? 'ok' : 'failed'] += 1
    this.isUpToDate = ok
    if (ok) this.configuredAt = nowSeconds
  }

  configuration(): { readonly upToDate: boolean; readonly readAt: number } {
    return { upToDate: this.isUpToDate, readAt: Math.floor(this.configuredAt) }
  }

  answered(requests: number, milliseconds: number): void {
    this.answerSeconds.add(milliseconds / 1000, requests)
  }

  /** One line for people: what `systemctl status` shows. */
  summary(open: number): string {
    const [passed, deferred] = [total(this.decisions.pass), total(this.decisions.defer)]
    const failed = this.failedOpen > 0 ? `, ${this.failedOpen} failed open` : ''
    return `${passed + deferred + this.failedOpen} requests: ${passed} passed, ${deferred} deferred${failed}; ${open} connections`
  }
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const count of counts.values()) sum += count
  return sum
}

import { refText } from './lives.js'
import { ownText } from './own-text.js'
import type { Evidence } from './report.js'
import type { Told } from './told.js'

const EVIDENCE = 3
const SERVICES = 8

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

/** Times that Postfix could not ask a policy server, as smtpd tells them. */
export class Outages {
  private readonly counts = { connect: 0, talk: 0, policy: 0, configuration: 0 }
  private readonly services = new Set<string>()
  private readonly evidence: Evidence[] = []
  private last: number | undefined

  add(what: keyof Outages['counts'], told: Told): void {
    this.counts[what] += told.repeat
    const service = /(?:connect to|talking to server) (\S{1,255}): /.exec(told.text)?.[1]
    if (service !== undefined && this.services.size < SERVICES) this.services.add(ownText(service))
    if (this.evidence.length < EVIDENCE)
      this.evidence.push({ ref: refText(told.ref), text: ownText(told.text) })
    if (told.at !== undefined) this.last = Math.max(this.last ?? 0, told.at)
  }

  end(): Outage {
    const { connect, talk, policy, configuration } = this.counts
    const putOff = policy + configuration
    return {
      count: Math.max(connect, talk, putOff),
      putOff,
      misconfigured: configuration > 0,
      last: this.last,
      services: [...this.services],
      evidence: this.evidence,
    }
  }
}

import { parseEnvelope } from '../../maillog/envelope.js'
import type { LogSource } from '../../maillog/sources.js'
import { YearClock } from '../../maillog/time.js'
import type { Evidence } from '../finding.js'
import { ENDED, HEALTHY, RELOADED, SIGNS, type SignName } from './signs.js'
import { type Stamps, StampTally } from './stamps.js'

export interface Sign {
  readonly count: number
  /** Seconds since the epoch of the last; undefined without a stamp. */
  readonly last: number | undefined
  readonly evidence: readonly Evidence[]
}

/** The end of the mail log: what matters since Postfix last read its configuration. */
export interface LogFact {
  readonly sources: readonly string[]
  readonly lines: number
  /** Nothing before its first line was left out. */
  readonly complete: boolean
  readonly first: number | undefined
  readonly newest: number | undefined
  /** The last time that Postfix started or was reloaded. */
  readonly reload: { readonly at: number; readonly evidence: Evidence } | undefined
  readonly signs: ReadonlyMap<SignName, Sign>
  /** Connections by clients from outside: all, those without a verified name, and the addresses of them. */
  readonly connects: {
    readonly total: number
    readonly unknown: number
    readonly addresses: ReadonlyMap<string, number>
  }
  /** A reject that a greylister asked for: an example of its text. */
  readonly greylistReject: Evidence | undefined
  readonly programs: ReadonlySet<string>
  /** Journal entries that rate limiting dropped. */
  readonly suppressed: number
  readonly stamps: Stamps
}

const SHOWN = 2
/** Programs whose lines are read; a bare line has none. */
const OURS = /^(?:postfix|postgrey|greyctl|sqlgrey|systemd$|$)/

const PROBE = 'greyctl-probe'

/** Signs are forgotten at a reload, and those of a policy server when a greylister is at work again. */
export class SignReader {
  private lines = 0
  private first: number | undefined
  private newest: number | undefined
  private reload: LogFact['reload']
  private greylistReject: Evidence | undefined
  private suppressed = 0
  private readonly stamps = new StampTally()
  private readonly signs = new Map<
    SignName,
    { count: number; last: number | undefined; evidence: Evidence[] }
  >()
  private readonly programs = new Set<string>()
  private readonly addresses = new Map<string, number>()
  private readonly connects = { total: 0, unknown: 0 }

  constructor(
    private readonly keepAll: boolean,
    /** What is older was said of another configuration. */
    private readonly since: number | undefined,
  ) {}

  read(source: LogSource, lines: readonly string[]): void {
    const clock = new YearClock(source.modified)
    this.stamps.startSource()
    for (const [at, line] of lines.entries()) {
      if (line === '') continue
      this.lines += 1
      const envelope = parseEnvelope(line.replace(/\r$/, ''), clock)
      if (envelope === undefined) continue
      const { time, program, body } = envelope
      const evidence = { ref: `${source.name}${source.again ? `:${at + 1}` : ''}`, text: body.slice(0, 400) }
      this.stamps.add(line, time, program, evidence)
      if (time !== undefined) {
        this.first = Math.min(this.first ?? time, time)
        this.newest = Math.max(this.newest ?? time, time)
      }
      this.judge(program, body, time, evidence)
    }
  }

  private judge(program: string, body: string, time: number | undefined, evidence: Evidence): void {
    this.programs.add(program)
    if (/^Suppressed \d+ messages/.test(body)) this.suppressed += Number(/\d+/.exec(body)?.[0])
    if (!OURS.test(program)) return
    const client = /^connect from (\S+)\[([0-9A-Fa-f.:]+)\]/.exec(body)
    if (RELOADED.test(body)) this.reloaded(program, time, evidence)
    else if (HEALTHY.test(body)) this.healthy(body, evidence)
    // our own question, of an earlier look for one: no mail was put off
    else if (body.includes(PROBE)) return
    else if (client !== null) this.connect(client[1] ?? '', client[2] ?? '')
    else {
      for (const [name, pattern] of Object.entries(SIGNS) as [SignName, RegExp][]) {
        if (pattern.test(body)) this.sign(name, time, evidence)
      }
      for (const [name, pattern] of ENDED) if (pattern.test(body)) this.signs.delete(name)
    }
  }

  private reloaded(program: string, time: number | undefined, evidence: Evidence): void {
    if (!/\/(?:master|postfix-script)$/.test(program)) return
    // whether the daemon is alone is none of Postfix's business
    const lasting = new Set(ENDED.map(([name]) => name))
    if (!this.keepAll) for (const name of this.signs.keys()) if (!lasting.has(name)) this.signs.delete(name)
    if (time !== undefined) this.reload = { at: time, evidence }
  }

  private healthy(body: string, evidence: Evidence): void {
    if (!this.keepAll) for (const name of POLICY_SIGNS) this.signs.delete(name)
    if (/NOQUEUE: reject/.test(body)) this.greylistReject = evidence
  }

  private connect(name: string, address: string): void {
    if (/^127\.|^::1$/.test(address)) return
    this.connects.total += 1
    if (name === 'unknown') this.connects.unknown += 1
    this.addresses.set(address, (this.addresses.get(address) ?? 0) + 1)
  }

  private sign(name: SignName, time: number | undefined, evidence: Evidence): void {
    if (time !== undefined && this.since !== undefined && time < this.since) return
    const sign = this.signs.get(name) ?? { count: 0, last: undefined, evidence: [] }
    sign.count += 1
    sign.last = time ?? sign.last
    sign.evidence = [...sign.evidence, evidence].slice(-SHOWN)
    this.signs.set(name, sign)
  }

  end(sources: readonly string[], complete: boolean): LogFact {
    const { lines, first, newest, reload, signs, greylistReject, programs, suppressed, stamps } = this
    const connects = { ...this.connects, addresses: this.addresses }
    return {
      sources,
      lines,
      complete,
      first,
      newest,
      reload,
      signs,
      connects,
      greylistReject,
      programs,
      suppressed,
      stamps: stamps.end(),
    }
  }
}

const POLICY_SIGNS: readonly SignName[] = [
  'server-problem',
  'policy-unreachable',
  'store-locked',
  'address-in-use',
]

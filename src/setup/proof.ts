import type { ProofCase } from '../change/plan.js'
import type { Host } from '../host/host.js'
import { GREYLIST_CLASS } from '../postfix/ours.js'
import { type ProbeResult, probe } from '../postfix/probe.js'
import { DEFAULT_DELAY, PARAMETER } from './names.js'
import { adviceOn, sparedAdvice } from './refusal.js'
import { findScenario, type Scenario } from './scenario.js'

export interface ProofOptions {
  readonly configDir: string
  /** Seconds; undefined: no waiting for the retry. */
  readonly waitForRetry: number | undefined
  /** In learn mode nobody is deferred. */
  readonly learn: boolean
  /** Only clients that look like connections of households are asked about. */
  readonly selective: boolean
  /** As in ScenarioOptions. */
  readonly recipient?: string | undefined
  readonly isGreylisting?: ((reply: string) => boolean) | undefined
  readonly signal?: AbortSignal
  waiting?(secondsLeft: number): void
}

/** What a first mail answered, to compare its retry with. */
interface FirstMail {
  readonly scenario: Scenario
  readonly at: number
}

const FIRST = 'first mail from an unknown client'

/** An endpoint where nobody ever listens: what a stopped daemon is to Postfix. */
const NOBODY = 'check_policy_service { unix:private/greyctl-nobody, timeout=10s, default_action=DUNNO }'

/** The same, for Postfix before 3.0. */
const NOBODY_PLAIN = 'check_policy_service unix:private/greyctl-nobody'

/** The parameter that holds the policy service. */
const asking = ({ selective }: ProofOptions) => (selective ? GREYLIST_CLASS : PARAMETER)

/**
 * Asks Postfix's own smtpd, configured as in configDir, what it says with greylisting and without it (the same
 * configuration with an empty greyctl_check): only first mails from strangers may be answered differently.
 * Sends no mail. A case that another rule answers is inconclusive (`ok: undefined`), never failed.
 */
export async function proveGreylisting(host: Host, options: ProofOptions): Promise<readonly ProofCase[]> {
  const scenario = await findScenario(host, options.configDir, options)
  const cases: ProofCase[] = []
  if (scenario.stranger === undefined) {
    cases.push(...(await refusedAlready(host, options, scenario)))
  } else {
    const at = host.now()
    cases.push(await firstMail(host, options, scenario))
    cases.push(await daemonDown(host, options, scenario))
    cases.push(...(await unchanged(host, options, scenario)))
    if (cases[0]?.ok && options.waitForRetry !== undefined && !options.learn) {
      cases.push(await retry(host, options, { scenario, at }))
    }
    return cases
  }
  cases.push(...(await unchanged(host, options, scenario)))
  return cases
}

/** Nothing was accepted with an empty greyctl_check either: by another rule, or a greylister that greyctl did not wire. */
async function refusedAlready(
  host: Host,
  options: ProofOptions,
  scenario: Scenario,
): Promise<readonly ProofCase[]> {
  const { isGreylisting, waitForRetry } = options
  const other = scenario.refused.find(({ answer }) => isGreylisting?.(answer))
  if (other === undefined || waitForRetry === undefined) {
    const last = scenario.refused.at(-1)
    const answer = `answered by another rule: ${last?.answer ?? 'no answer'}`
    const advice = last && adviceOn(last.answer, last.sample)
    return [
      { case: FIRST, expected: expectedFirst(options), answer, ok: undefined, ...(advice ? { advice } : {}) },
    ]
  }
  const first = { case: FIRST, expected: 'deferred', answer: other.answer, ok: true }
  const second = await retry(host, options, {
    scenario: { ...scenario, stranger: other.sample },
    at: other.at,
  })
  if (second.ok || !isGreylisting?.(second.answer)) return [first, second]
  const advice = `greyctl waited ${waitForRetry} s, for it does not know how long this greylister defers: ask again later`
  return [first, { ...second, ok: undefined, advice }]
}

function expectedFirst(options: ProofOptions): string {
  return options.learn ? 'accepted (--learn defers nobody)' : 'deferred'
}

async function firstMail(host: Host, options: ProofOptions, scenario: Scenario): Promise<ProofCase> {
  const result = await ask(host, options.configDir, scenario, {})
  const ok = result.verdict === (options.learn ? 'accepted' : 'deferred')
  const spared = options.recipient !== undefined && !ok && result.verdict === 'accepted'
  return {
    case: FIRST,
    expected: expectedFirst(options),
    answer: result.answer,
    before: scenario.accepted,
    ok,
    ...(spared ? { advice: sparedAdvice(options.recipient) } : {}),
  }
}

async function retry(host: Host, options: ProofOptions, first: FirstMail): Promise<ProofCase> {
  const delay = options.waitForRetry ?? DEFAULT_DELAY
  // one second more: the daemon counts whole seconds
  const due = first.at + delay + 1.5
  for (let left = due - host.now(); left > 0; left = due - host.now()) {
    options.waiting?.(Math.ceil(left))
    await host.sleep(Math.min(left, 1), options.signal)
    options.signal?.throwIfAborted()
  }
  const result = await ask(host, options.configDir, first.scenario, {})
  return {
    case: `its retry after ${delay} ${delay === 1 ? 'second' : 'seconds'}`,
    expected: 'accepted',
    answer: result.answer,
    ok: result.verdict === 'accepted',
  }
}

async function daemonDown(host: Host, options: ProofOptions, scenario: Scenario): Promise<ProofCase> {
  if (!scenario.failsOpen) return deferredWhenDown(host, options, scenario)
  const result = await ask(host, options.configDir, scenario, { [asking(options)]: NOBODY })
  return {
    case: 'the same with the daemon stopped',
    expected: 'accepted (greylisting fails open)',
    answer: result.answer,
    before: scenario.accepted,
    ok: result.verdict === 'accepted',
  }
}

/** Before 3.0 smtpd answers with a code of its own, which is at least one that lets the client come back. */
async function deferredWhenDown(host: Host, options: ProofOptions, scenario: Scenario): Promise<ProofCase> {
  const { answer, code } = await ask(host, options.configDir, scenario, { [asking(options)]: NOBODY_PLAIN })
  return {
    case: 'the same with the daemon stopped',
    expected: 'asked to come back (Postfix before 3.0 cannot fail open)',
    answer,
    before: scenario.accepted,
    ok: code === undefined ? undefined : code < 500,
  }
}

/** Cases that greylisting must not touch: relaying by strangers, and mail from own networks. */
async function unchanged(
  host: Host,
  options: ProofOptions,
  scenario: Scenario,
): Promise<readonly ProofCase[]> {
  const cases: ProofCase[] = []
  for (const sample of scenario.untouched) {
    const question = { ...sample, configDir: options.configDir }
    const without = await probe(host, { ...question, overrides: { ...sample.overrides, [PARAMETER]: '' } })
    const now = await probe(host, question)
    cases.push({
      case: sample.title,
      expected: sample.mustRefuse ? 'refused' : `${without.verdict}, as without greylisting`,
      answer: now.answer,
      before: without.answer,
      ok: judgeUntouched(now, without, sample.mustRefuse),
    })
  }
  return cases
}

/** The same answer with and without greylisting; undefined where that proves nothing. */
function judgeUntouched(now: ProbeResult, without: ProbeResult, mustRefuse: boolean): boolean | undefined {
  // smtpd could not be asked: that says nothing about greylisting
  if ([now, without].some(({ verdict, code }) => verdict === 'error' && code === undefined)) return undefined
  if (now.verdict !== without.verdict) return false
  // a server that relays for strangers did so before: said, but no reason to fail this change
  return !mustRefuse || (isRefusal(now) && isRefusal(without)) || undefined
}

/** Debian's default guard answers 454 (defer_unauth_destination), others 554: both refuse to relay. */
function isRefusal(result: ProbeResult): boolean {
  return result.verdict === 'refused' || /relay access denied/i.test(result.answer)
}

function ask(
  host: Host,
  configDir: string,
  scenario: Scenario,
  overrides: Readonly<Record<string, string>>,
): Promise<ProbeResult> {
  const stranger = scenario.stranger
  if (stranger === undefined) throw new TypeError('no identity to ask with')
  return probe(host, { ...stranger, configDir, overrides: { ...stranger.overrides, ...overrides } })
}

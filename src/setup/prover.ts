import type { ProofCase, Prover } from '../change/plan.js'
import type { Host } from '../host/host.js'
import { prepareCandidate, removeCandidate } from '../postfix/candidate.js'
import { formatEndpoint, type InstallChoices } from './choices.js'
import type { Candidate } from './install-plan.js'
import { CANDIDATE_DIR } from './names.js'
import { WAIT_LISTENING } from './postgrey-steps.js'
import { type ProofOptions, proveGreylisting } from './proof.js'
import { askAboutStore, PROVE_STORE } from './shared-store.js'

/** A retry is waited for when its delay is at most this long (seconds); `greyctl verify --live` waits for any. */
export const LONGEST_WAIT = 90

/** How a proof's case begins that was asked of the candidate, before anything went live. */
const CANDIDATE = 'candidate: '

export interface ProverOptions {
  readonly candidates: readonly Candidate[]
  readonly choices: InstallChoices
  waiting?(secondsLeft: number): void
}

/** Proves the candidate before it goes live, then the live configuration, the retry included. */
export function installProver(host: Host, options: ProverOptions): Prover {
  const { choices, candidates } = options
  const waiting = options.waiting ? { waiting: options.waiting } : {}
  return async (step, signal) => {
    if (step.id === WAIT_LISTENING) return waitUntilListening(host, formatEndpoint(choices.listen), signal)
    if (step.id === PROVE_STORE && choices.store) return askAboutStore(host, choices.store, signal)
    const { learn, selective } = choices
    const common = { learn, selective, signal, ...waiting } satisfies Partial<ProofOptions>
    const of = candidates.find(({ proofs }) => step.id === proofs.candidate || step.id === proofs.live)
    if (of === undefined) throw new Error(`no instance has the proof ${step.id}`)
    const where = candidates.length > 1 ? `${of.configDir}: ` : ''
    if (step.id === of.proofs.live) {
      const waitForRetry = choices.delay <= LONGEST_WAIT ? choices.delay : undefined
      const cases = await proveGreylisting(host, { ...common, configDir: of.configDir, waitForRetry })
      return cases.map((item) => ({ ...item, case: `${where}${item.case}` }))
    }
    try {
      await prepareCandidate(host, of.configDir, of.mainCf.toString('latin1'), CANDIDATE_DIR)
      if (of.masterCf) await host.replace(`${CANDIDATE_DIR}/master.cf`, of.masterCf)
      const cases = await proveGreylisting(host, {
        ...common,
        configDir: CANDIDATE_DIR,
        waitForRetry: undefined,
      })
      return cases.map((item) => ({ ...item, case: `${CANDIDATE}${where}${item.case}` }))
    } finally {
      await removeCandidate(host, CANDIDATE_DIR)
    }
  }
}

/** Seconds that a daemon gets to open its port. */
const LONGEST_START = 15

/** Nothing to say when it answers; a failed case when it does not in time. */
async function waitUntilListening(
  host: Host,
  endpoint: string,
  signal: AbortSignal,
): Promise<readonly ProofCase[]> {
  const until = host.now() + LONGEST_START
  for (;;) {
    if (await host.canConnect(endpoint, 2)) return []
    if (host.now() >= until || signal.aborted) break
    await host.sleep(0.2, signal)
  }
  return [
    {
      case: 'the daemon answers',
      expected: `a connection at ${endpoint}`,
      answer: `nothing listens there after ${LONGEST_START} s`,
      ok: false,
    },
  ]
}

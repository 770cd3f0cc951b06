import type { Prover } from '../change/plan.js'
import type { Host } from '../host/host.js'
import { prepareCandidate, removeCandidate } from '../postfix/candidate.js'
import type { InstallChoices } from './choices.js'
import { PROVE_CANDIDATE } from './install-plan.js'
import { CANDIDATE_DIR } from './names.js'
import { type ProofOptions, proveGreylisting } from './proof.js'

/** A retry is waited for when its delay is at most this long (seconds); `greyctl verify --live` waits for any. */
export const LONGEST_WAIT = 90

/** How a proof's case begins that was asked of the candidate, before anything went live. */
const CANDIDATE = 'candidate: '

export interface ProverOptions {
  readonly configDir: string
  /** The planned main.cf. */
  readonly mainCf: Buffer
  readonly choices: InstallChoices
  waiting?(secondsLeft: number): void
}

/** Proves the candidate before it goes live, then the live configuration, the retry included. */
export function installProver(host: Host, options: ProverOptions): Prover {
  const { choices } = options
  const waiting = options.waiting ? { waiting: options.waiting } : {}
  return async (step, signal) => {
    const common = { learn: choices.learn, signal, ...waiting } satisfies Partial<ProofOptions>
    if (step.id !== PROVE_CANDIDATE) {
      const waitForRetry = choices.delay <= LONGEST_WAIT ? choices.delay : undefined
      return proveGreylisting(host, { ...common, configDir: options.configDir, waitForRetry })
    }
    try {
      await prepareCandidate(host, options.configDir, options.mainCf.toString('latin1'), CANDIDATE_DIR)
      const cases = await proveGreylisting(host, {
        ...common,
        configDir: CANDIDATE_DIR,
        waitForRetry: undefined,
      })
      return cases.map((item) => ({ ...item, case: `${CANDIDATE}${item.case}` }))
    } finally {
      await removeCandidate(host, CANDIDATE_DIR)
    }
  }
}

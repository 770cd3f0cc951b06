import type { ExitCode } from '../errors.js'
import type { Verdict, VerifyReport } from './report.js'

/** CLI.md: 0 working, 1 broken or off, 4 waiting or inconclusive. */
export function exitCodeOfVerdict(verdict: Verdict): ExitCode {
  if (verdict === 'working') return 0
  return verdict === 'broken' || verdict === 'off' ? 1 : 4
}

/** What a proof's cases mean together: one that failed breaks it; one that nothing could be told about leaves it open. */
export function verdictOfProof(cases: readonly { readonly ok: boolean | undefined }[]): Verdict {
  if (cases.some(({ ok }) => ok === false)) return 'broken'
  return cases.length > 0 && cases.every(({ ok }) => ok === true) ? 'working' : 'inconclusive'
}

/** The shape of every answer of verify, where no log was read. */
export function reportWithoutLog(verdict: Verdict): VerifyReport {
  return {
    verdict,
    counts: {
      greylisted: 0,
      passed: 0,
      neverRetried: 0,
      earlyRetries: 0,
      whitelisted: 0,
      unreachable: 0,
      acceptedElsewhere: 0,
    },
    delay: { median: null, p90: null, p99: null, max: null },
    window: { from: null, to: null, lines: 0, sources: [] },
    examples: [],
    problems: [],
  }
}

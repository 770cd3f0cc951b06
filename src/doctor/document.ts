import type { FactTiming } from './fact-book.js'
import type { CheckResult, Finding } from './finding.js'
import type { Redactor } from './redact.js'
import type { Diagnosis } from './run.js'

/** CLI.md, "greyctl doctor": names and meaning are a promise. */
export interface DoctorDocument {
  readonly ok: boolean
  readonly findings: readonly Omit<Finding, 'repairs'>[]
  readonly checks: readonly CheckResult[]
  /** What each fact took, in seconds, the slowest first: by itself (`own`), and with those that it waited for. */
  readonly timings: readonly { readonly fact: string; readonly seconds: number; readonly own: number }[]
}

export function doctorDocument(
  diagnosis: Diagnosis,
  timings: ReadonlyMap<string, FactTiming>,
): DoctorDocument {
  const slow = [...timings].sort(([, a], [, b]) => b.own - a.own)
  return {
    ok: diagnosis.ok,
    findings: diagnosis.findings.map(({ repairs: _, ...finding }) => finding),
    checks: diagnosis.checks,
    timings: slow.map(([fact, { total, own }]) => ({ fact, seconds: rounded(total), own: rounded(own) })),
  }
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}

/** For pasting in public. Ids are ours and stay. */
export function redacted(document: DoctorDocument, redactor: Redactor): DoctorDocument {
  const { findings, checks } = document
  return {
    ...document,
    findings: findings.map((finding) => ({
      ...redactor.value(finding),
      id: finding.id,
      consequenceOf: finding.consequenceOf,
    })),
    checks: checks.map((check) => ({ ...check, reason: redactor.text(check.reason) })),
  }
}

/** 1 for a finding of severity warning or worse, 3 when no check could be judged. */
export function exitCodeOf({ ok, checks }: Diagnosis): 0 | 1 | 3 {
  if (!ok) return 1
  const asked = checks.filter(({ status }) => status !== 'skip')
  const judged = asked.some(({ status }) => status === 'pass' || status === 'fail')
  return asked.length > 0 && !judged ? 3 : 0
}

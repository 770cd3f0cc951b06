import type { Check, Hit } from './check.js'
import type { FactBook } from './fact-book.js'
import type { FactName, Facts } from './facts.js'
import type { CheckResult, Finding } from './finding.js'
import { joinFindings } from './join.js'

export interface Diagnosis {
  /** No finding of severity warning or worse. */
  readonly ok: boolean
  readonly findings: readonly Finding[]
  readonly checks: readonly CheckResult[]
}

/** Runs the chosen checks side by side. A check that lacks a fact is unknown, never failed. */
export async function diagnose(
  checks: readonly Check[],
  facts: FactBook<Facts>,
  skip: ReadonlySet<string> = new Set(),
): Promise<Diagnosis> {
  const judged = await Promise.all(
    checks.map(async (check) => {
      if (skip.has(check.id)) return { result: resultOf(check, 'skip', 'not asked for'), findings: [] }
      return judgeOne(check, facts)
    }),
  )
  const causes = new Map(checks.map((check) => [check.id, check.becauseOf ?? []]))
  const findings = joinFindings(
    judged.flatMap((each) => each.findings),
    (id) => causes.get(id) ?? [],
  )
  return {
    ok: findings.every(({ severity }) => severity === 'info'),
    findings,
    checks: judged.map(({ result }) => result),
  }
}

async function judgeOne(
  check: Check,
  facts: FactBook<Facts>,
): Promise<{ result: CheckResult; findings: readonly Finding[] }> {
  const known: Partial<Facts> = {}
  for (const [name, answer] of await Promise.all(
    check.needs.map(async (name) => [name, await facts.get(name)] as const),
  )) {
    if (!answer.known) return { result: resultOf(check, 'unknown', answer.reason), findings: [] }
    Object.assign(known, { [name]: answer.value })
  }
  const hits = check.judge(known as Pick<Facts, FactName>)
  return {
    result: resultOf(check, hits.length === 0 ? 'pass' : 'fail', ''),
    findings: hits.map((hit) => findingOf(check, hit)),
  }
}

function resultOf({ id }: Check, status: CheckResult['status'], reason: string): CheckResult {
  return { id, status, reason }
}

function findingOf(check: Check, hit: Hit): Finding {
  const repairs = hit.repairs ?? []
  return {
    id: check.id,
    severity: hit.severity ?? check.severity,
    title: check.title,
    detail: hit.detail,
    evidence: hit.evidence ?? [],
    cause: hit.cause ?? check.cause,
    remediation: {
      text: hit.remedy ?? check.remedy,
      commands: hit.commands ?? check.commands ?? [],
      autofix: repairs.length === 0 ? 'manual' : (hit.autofix ?? check.autofix),
    },
    affects: hit.affects ?? [],
    consequenceOf: null,
    repairs,
  }
}

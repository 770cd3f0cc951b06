import type { FactName, Facts } from './facts.js'
import type { Autofix, Evidence, Severity } from './finding.js'
import type { Repair } from './repair.js'

/** One time that a check found what it looks for; what it leaves out is the check's own text. */
export interface Hit {
  readonly detail: string
  readonly evidence?: readonly Evidence[]
  readonly severity?: Severity
  readonly cause?: string
  readonly remedy?: string
  readonly commands?: readonly string[]
  /** Services, endpoints, files. Findings of one subject are joined when one is the cause of the other. */
  readonly affects?: readonly string[]
  /** What --fix would do. Without it there is nothing that greyctl does by itself. */
  readonly repairs?: readonly Repair[]
  /** Instead of the check's own, where this case needs more care. */
  readonly autofix?: Autofix
}

/** What a person reads about a problem, here and in docs/problems/ID.md. */
export interface CheckText {
  /** kebab-case, stable: scripts depend on it. */
  readonly id: string
  readonly title: string
  readonly severity: Severity
  /** What one notices: lines of the log, answers to clients. */
  readonly symptom: string
  readonly cause: string
  /** Commands that show it. */
  readonly look: readonly string[]
  readonly remedy: string
  /** What to type, where it is the same for everybody. */
  readonly commands?: readonly string[]
  readonly autofix: Autofix
  /** Ids of problems that bring this one about: then it is told as their consequence. */
  readonly becauseOf?: readonly string[]
}

/** A judge of facts: pure, and never called while one of its facts is missing. */
export interface Check<K extends FactName = FactName> extends CheckText {
  readonly needs: readonly K[]
  judge(facts: Pick<Facts, K>): readonly Hit[]
}

/** Keeps the names of the needed facts, so that `judge` sees exactly those. */
export function check<const K extends FactName>(definition: Check<K>): Check {
  // a judge of some facts is handed all that it needs
  return definition as unknown as Check
}

import type { Repair } from './repair.js'

export type Severity = 'critical' | 'error' | 'warning' | 'info'

/** Most severe first. */
export const SEVERITIES: readonly Severity[] = ['critical', 'error', 'warning', 'info']

/** safe: idempotent, reversible, changes no mail policy. confirm: show the diff and ask. manual: explain only. */
export type Autofix = 'safe' | 'confirm' | 'manual'

/** What was seen, and where: `/etc/postfix/main.cf:43` and that line. Others wrote the text: escape it before printing. */
export interface Evidence {
  readonly ref: string
  readonly text: string
}

export interface Remediation {
  readonly text: string
  /** To be copied and pasted, in order. */
  readonly commands: readonly string[]
  readonly autofix: Autofix
}

/** CLI.md, "greyctl doctor": the names of these fields are a promise. */
export interface Finding {
  readonly id: string
  readonly severity: Severity
  readonly title: string
  readonly detail: string
  readonly evidence: readonly Evidence[]
  readonly cause: string
  readonly remediation: Remediation
  /** What it touches: services (`smtp inet`), endpoints, files. */
  readonly affects: readonly string[]
  /** The id of the finding that brought this one about; null for a cause. */
  readonly consequenceOf: string | null
  /** What --fix would do; no part of the document. */
  readonly repairs: readonly Repair[]
}

export type CheckStatus = 'pass' | 'fail' | 'skip' | 'unknown'

export interface CheckResult {
  readonly id: string
  readonly status: CheckStatus
  /** Why it was skipped, or cannot be told; empty otherwise. */
  readonly reason: string
}

/** A line of the log, and where it stands. The text is a log's: escape it before printing. */
export interface Evidence {
  readonly ref: string
  readonly text: string
}

/** The shape of doctor's findings (CLI.md). `text` of the evidence is a log's: escape it before printing. */
export interface Problem {
  readonly id: string
  readonly severity: 'critical' | 'error' | 'warning' | 'info'
  readonly title: string
  readonly detail: string
  readonly evidence: readonly Evidence[]
  readonly remediation: { readonly text: string; readonly commands: readonly string[] }
}

export type Verdict = 'working' | 'broken' | 'off' | 'waiting' | 'inconclusive'

export interface Counts {
  /** Distinct (client network, sender, recipient) deferred at least once. */
  readonly greylisted: number
  /** Of these, later accepted. */
  readonly passed: number
  /** Of these, never accepted in the window. */
  readonly neverRetried: number
  /** Deferrals after the first of a triplet. */
  readonly earlyRetries: number
  /** Mails that a whitelist, manual or automatic, let through without waiting. */
  readonly whitelisted: number
  /** Times that smtpd got no answer from its policy server. */
  readonly unreachable: number
  /** Of those never accepted: the same sender's mail to the same recipient came in from another network. */
  readonly acceptedElsewhere: number
}

/** Whole seconds from first deferral to acceptance; null where nothing passed. */
export interface Delays {
  readonly median: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** Times are RFC 3339 in UTC; null where lines have no stamp. `delay` in whole seconds. */
export interface Example {
  readonly client: string
  readonly sender: string
  readonly recipient: string
  readonly deferredAt: string | null
  readonly passedAt: string | null
  readonly delay: number | null
}

/** What was read. Times in seconds since the epoch; undefined without a stamped line. */
export interface Window {
  readonly from: number | undefined
  readonly to: number | undefined
  readonly lines: number
  readonly sources: readonly string[]
}

/** CLI.md, "greyctl verify": names and meaning are a promise. */
export interface VerifyReport {
  readonly verdict: Verdict
  readonly counts: Counts
  readonly delay: Delays
  readonly window: {
    readonly from: string | null
    readonly to: string | null
    readonly lines: number
    readonly sources: readonly string[]
  }
  readonly examples: readonly Example[]
  readonly problems: readonly Problem[]
}

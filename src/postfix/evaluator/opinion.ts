/** What one restriction says of a mail (access(5), smtpd_check.c). The `defer_if_*` are remembered until the end. */
export type Opinion =
  | 'permit'
  | 'dunno'
  /** A reply of 5xx, or of 4xx. */
  | 'reject'
  | 'defer'
  | 'defer_if_permit'
  | 'defer_if_reject'
  /** Taken, and thrown away: no other restriction is asked. */
  | 'discard'
  /** 451 4.3.5 Server configuration error, or 451 4.3.0 for a table that fails: also under warn_if_reject. */
  | 'error'

/** Opinions, one of which it is; more than one: the configuration alone does not tell. */
export interface Verdict {
  readonly opinions: readonly Opinion[]
  /** Why it is not known; undefined: it is. */
  readonly unsure?: string
  /** The words that a table or a policy server gives as its answer are a restriction list of their own. */
  readonly list?: readonly string[]
}

export function sure(opinion: Opinion): Verdict {
  return { opinions: [opinion] }
}

export function unsure(reason: string, ...opinions: readonly Opinion[]): Verdict {
  return { opinions, unsure: reason }
}

/** A refusal by its SMTP code. */
export function refusal(code: string): Opinion {
  return code.startsWith('5') ? 'reject' : 'defer'
}

/** true, false, or why it is not known. */
export type Answer = boolean | string

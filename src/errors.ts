/**
 * The one table of what can go wrong: a stable code, and the exit code it ends a command with.
 * 1 found something wrong or a change was rolled back, 2 usage, 3 could not look, 4 inconclusive.
 */
export const ERROR_EXITS = {
  usage: 2,
  'needs-root': 3,
  'postfix-missing': 3,
  'program-missing': 3,
  'config-unreadable': 3,
  'config-invalid': 1,
  'name-taken': 1,
  'port-taken': 1,
  'already-greylists': 1,
  managed: 1,
  'no-space': 1,
  'read-only': 1,
  'edited-meanwhile': 1,
  'change-failed': 1,
  'proof-failed': 1,
  'rollback-conflict': 1,
  'checkpoint-missing': 1,
  'change-running': 1,
  interrupted: 1,
  'service-failed': 1,
  'runtime-in-home': 1,
  'log-unreadable': 3,
  'store-failed': 1,
  unsupported: 1,
  internal: 1,
} as const

export type ErrorCode = keyof typeof ERROR_EXITS
export type ExitCode = 0 | 1 | 2 | 3 | 4

export interface ErrorDetails {
  /** What to do next, one sentence each. */
  readonly hints?: readonly string[]
  /** Where it happened: a path, or `path:line`. */
  readonly where?: string
  readonly cause?: unknown
}

/** An error meant for a person: what happened, where, what to do next. Printed without a stack trace. */
export class GreyctlError extends Error {
  readonly code: ErrorCode
  readonly hints: readonly string[]
  readonly where: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.name = 'GreyctlError'
    this.code = code
    this.hints = details.hints ?? []
    this.where = details.where
  }

  get exitCode(): ExitCode {
    return ERROR_EXITS[this.code]
  }
}

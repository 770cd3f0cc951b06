import { join } from 'node:path'
import type { Entry } from './store.js'

/**
 * How another process changes the store of a running daemon: it asks the daemon, over a unix socket beside the store that
 * only the store's owner and root can reach (docs/decisions/0011-store-control.md). One JSON object a line each way.
 */
export type ControlRequest =
  /** What was learned so far moves to the file, where other processes read it. */
  | { readonly do: 'settle' }
  /** Whether the store that several hosts share can be used; an error says why not. */
  | { readonly do: 'shared' }
  /** Joined with what is known of them at that moment (merge.ts). */
  | { readonly do: 'merge'; readonly entries: readonly Entry[] }
  | { readonly do: 'remove'; readonly keys: readonly string[] }
  /** By which rules the daemon decides. */
  | { readonly do: 'configuration' }

export interface Configuration {
  /** The same where the same rules hold. */
  readonly fingerprint: string
  /** Epoch seconds of the start, or of the last reload that did not fail. */
  readonly readAt: number
  /** False when the last reload failed: what was read before is in force. */
  readonly upToDate: boolean
}

export type ControlAnswer =
  | { readonly ok: true; readonly configuration?: Configuration }
  | { readonly error: string }

/** Records of one request: the daemon decides about no mail while it looks them up, about a millisecond. */
export const CONTROL_BATCH = 500

export function controlPath(directory: string): string {
  return join(directory, 'control')
}

export function encodeLine(value: ControlRequest | ControlAnswer): string {
  return `${JSON.stringify(value)}\n`
}

import type { ProofCase } from '../change/plan.js'
import type { Host } from '../host/host.js'
import { assertPostfix, assertRoot } from './checks.js'
import { DEFAULT_DELAY, DEFAULTS_FILE } from './names.js'
import { proveGreylisting } from './proof.js'
import { readDefaults } from './render.js'

export interface LiveProofOptions {
  readonly configDir: string
  /** Wait for the delay to pass and ask again. */
  readonly waitForRetry: boolean
  readonly signal?: AbortSignal
  readonly events?: { waiting?(secondsLeft: number): void }
}

/**
 * Asks Postfix now, as `greyctl verify --live` does. The delay is the one in /etc/default/greyctl.
 * Throws GreyctlError('needs-root' | 'postfix-missing' | 'config-invalid').
 */
export async function liveProof(host: Host, options: LiveProofOptions): Promise<readonly ProofCase[]> {
  assertRoot(host, 'a live proof')
  await assertPostfix(host)
  const now = readDefaults((await host.read(DEFAULTS_FILE))?.toString('latin1') ?? '')
  const waiting = options.events?.waiting
  return proveGreylisting(host, {
    configDir: options.configDir,
    learn: now.learn ?? false,
    waitForRetry: options.waitForRetry ? (now.delay ?? DEFAULT_DELAY) : undefined,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(waiting ? { waiting } : {}),
  })
}

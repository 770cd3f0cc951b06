import type { ProofCase } from '../change/plan.js'
import type { Host } from '../host/host.js'
import { assertPostfix, assertRoot } from './checks.js'
import type { GivenFlags } from './choices.js'
import { parseInstalled } from './installed.js'
import { DEFAULT_DELAY, DEFAULTS_FILE, INSTALLED_FILE, POSTGREY_DEFAULTS } from './names.js'
import { readPostgreyOptions } from './postgrey-facts.js'
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
 * Asks Postfix now, as `greyctl verify --live` does. The delay is the one that the daemon's options give.
 * Throws GreyctlError('needs-root' | 'postfix-missing' | 'config-invalid').
 */
export async function liveProof(host: Host, options: LiveProofOptions): Promise<readonly ProofCase[]> {
  assertRoot(host, 'a live proof')
  await assertPostfix(host)
  const installed = parseInstalled(await host.read(INSTALLED_FILE), INSTALLED_FILE)
  const postgrey = installed?.backend === 'postgrey'
  const text = (await host.read(postgrey ? POSTGREY_DEFAULTS : DEFAULTS_FILE))?.toString('latin1') ?? ''
  const now: GivenFlags = postgrey ? readPostgreyOptions(text) : readDefaults(text)
  const waiting = options.events?.waiting
  return proveGreylisting(host, {
    configDir: options.configDir,
    learn: now.learn ?? false,
    selective: installed?.selective ?? false,
    waitForRetry: options.waitForRetry ? (now.delay ?? DEFAULT_DELAY) : undefined,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(waiting ? { waiting } : {}),
  })
}

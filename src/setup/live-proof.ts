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
  /** Seconds; of greyctl's own daemon, where its options are known better than by /etc/default/greyctl. */
  readonly delay?: number | undefined
  /** As in ProofOptions. */
  readonly recipient?: string | undefined
  readonly isGreylisting?: ((reply: string) => boolean) | undefined
  readonly signal?: AbortSignal
  readonly events?: { waiting?(secondsLeft: number): void }
}

/**
 * Asks Postfix now, as `greyctl verify --live` does. The delay is the one that the greylister's options give.
 * Throws GreyctlError('needs-root' | 'postfix-missing' | 'config-invalid').
 */
export async function liveProof(host: Host, options: LiveProofOptions): Promise<readonly ProofCase[]> {
  assertRoot(host, 'a live proof')
  await assertPostfix(host)
  const installed = parseInstalled(await host.read(INSTALLED_FILE), INSTALLED_FILE)
  const { delay, learn } = await liveOptions(host, installed?.backend, options.delay)
  const waiting = options.events?.waiting
  return proveGreylisting(host, {
    configDir: options.configDir,
    learn,
    selective: installed?.selective ?? false,
    waitForRetry: options.waitForRetry ? delay : undefined,
    recipient: options.recipient,
    isGreylisting: options.isGreylisting,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(waiting ? { waiting } : {}),
  })
}

/** postgrey(8) --delay, where its options do not say. */
const POSTGREY_DELAY = 300

/**
 * How the greylister that Postfix asks was started. On a server that greyctl did not set up it is postgrey where only that
 * has options: asked after greyctl's 60 seconds, it would still defer, and that would look like a fault.
 */
export async function liveOptions(
  host: Host,
  backend: 'bundled' | 'postgrey' | undefined,
  ownDelay: number | undefined,
): Promise<{ readonly delay: number; readonly learn: boolean }> {
  const own = await host.read(DEFAULTS_FILE)
  const postgreys = await host.read(POSTGREY_DEFAULTS)
  if (backend === 'postgrey' || (backend === undefined && own === undefined && postgreys !== undefined))
    return {
      delay: readPostgreyOptions(postgreys?.toString('latin1') ?? '').delay ?? POSTGREY_DELAY,
      learn: false,
    }
  const { delay, learn = false }: GivenFlags = readDefaults(own?.toString('latin1') ?? '')
  return { delay: delay ?? ownDelay ?? DEFAULT_DELAY, learn }
}

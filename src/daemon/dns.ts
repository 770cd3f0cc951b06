import { Resolver } from 'node:dns/promises'
import { orNone } from '../dns-answer.js'
import type { SpfDns } from '../greylist/spf.js'

/** Milliseconds for the first try of a question; c-ares doubles it for the second. */
const PATIENCE = 2000
const TRIES = 2

/** The DNS as the system has it, or one server (`192.0.2.53`, `[2001:db8::53]:5353`). Nothing waits for it but a cache. */
export function createDns(server: string | undefined): SpfDns & { close(): void } {
  const resolver = new Resolver({ timeout: PATIENCE, tries: TRIES })
  if (server !== undefined) resolver.setServers([server])
  return {
    texts: async (name) => (await orNone(resolver.resolveTxt(name))).map((parts) => parts.join('')),
    addresses: async (name) =>
      (await Promise.all([orNone(resolver.resolve4(name)), orNone(resolver.resolve6(name))])).flat(),
    mailHosts: async (name) =>
      (await orNone(resolver.resolveMx(name))).map(({ exchange }) => exchange).filter(Boolean),
    /** Waits for no answer any more. */
    close: () => resolver.cancel(),
  }
}

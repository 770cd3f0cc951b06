import { Resolver } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { orNone } from '../dns-answer.js'
import type { MailExchanger } from './host.js'

/**
 * Who takes mail for a domain, best first, with all addresses, by the system's resolver (not by /etc/hosts). undefined:
 * no answer came within the time (seconds). Empty: there is no MX record.
 */
export async function mailExchangers(
  domain: string,
  timeoutSeconds: number,
): Promise<readonly MailExchanger[] | undefined> {
  // c-ares waits longer for the second try
  const resolver = new Resolver({ timeout: Math.ceil((timeoutSeconds * 1000) / 3), tries: 2 })
  const timer = setTimeout(() => resolver.cancel(), timeoutSeconds * 1000)
  try {
    const found = (await orNone(resolver.resolveMx(domain))).sort((a, b) => a.priority - b.priority)
    return await Promise.all(
      found.map(async ({ exchange }) => {
        const addresses = await Promise.all([
          orNone(resolver.resolve4(exchange)),
          orNone(resolver.resolve6(exchange)),
        ])
        return { name: exchange.toLowerCase().replace(/\.$/, ''), addresses: addresses.flat() }
      }),
    )
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

/** Of this machine's interfaces, loopback included. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? [])
}

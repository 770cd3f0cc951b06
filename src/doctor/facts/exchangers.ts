import { listWords } from '../../postfix/restriction-list.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { assertLive } from './settings.js'

/** Who takes mail for a domain of this server, by DNS. */
export interface Exchangers {
  readonly domain: string
  readonly hosts: readonly {
    readonly name: string
    readonly addresses: readonly string[]
    /** By its name, or by an address of this machine. */
    readonly ours: boolean
  }[]
}

const LISTS = ['mydestination', 'virtual_mailbox_domains', 'virtual_alias_domains', 'relay_domains']
const MOST_DOMAINS = 5
const PATIENCE = 2

/** Of the first own domains; those for which no answer came are left out. */
export async function gatherExchangers({ host, need }: GatherContext<Facts>): Promise<readonly Exchangers[]> {
  assertLive(host.root)
  const [service] = (await need('services')).filter(({ role }) => role === 'mx')
  if (service === undefined) return []
  const names = new Set([service.get('myhostname').toLowerCase()])
  const own = new Set([...host.ownAddresses(), ...listWords(service.get('proxy_interfaces'))])
  const words = LISTS.flatMap((list) => listWords(service.get(list)))
  const domains = [...new Set(words.map((word) => word.toLowerCase()))]
    .filter((word) => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(word) && !/^localhost\./.test(word))
    .slice(0, MOST_DOMAINS)
  const found = await Promise.all(
    domains.map(async (domain) => {
      const hosts = await host.mailExchangers(domain, PATIENCE)
      return hosts?.map(({ name, addresses }) => ({
        name,
        addresses,
        ours: names.has(name) || addresses.some((address) => own.has(address)),
      }))
    }),
  )
  return domains.flatMap((domain, at) => {
    const hosts = found[at]
    return hosts === undefined ? [] : [{ domain, hosts }]
  })
}

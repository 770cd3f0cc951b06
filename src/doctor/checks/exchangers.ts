import { matchAddress } from '../../postfix/evaluator/match-list.js'
import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'

const backup = check({
  id: 'backup-mx-not-greylisting',
  title: 'other hosts take mail for the same domain',
  severity: 'info',
  symptom:
    'spam comes through the secondary MX, which greylisting never sees; or senders wait once at each host',
  cause:
    'a sender may choose any host of the MX records: one that does not greylist is a way around, and one with a memory of its own makes senders wait again',
  look: ['dig +short MX DOMAIN', 'postconf mynetworks'],
  remedy:
    'greylist on every host, with one store for all of them (greyctl daemon --store=valkey://…); or do without the secondary MX, since senders keep mail for days by themselves',
  autofix: 'manual',
  needs: ['exchangers', 'services', 'mainCf', 'greylisters'],
  judge: ({ exchangers, services, mainCf, greylisters }) => {
    const networks = services.find(({ role }) => role === 'mx')?.get('mynetworks') ?? ''
    const line = mainCf.cf.get('mynetworks')?.line
    const shared = greylisters.some(({ written }) => /--store=["']?(valkey|redis)/.test(written))
    return exchangers.flatMap(({ domain, hosts }) => {
      const others = hosts.filter(({ ours }) => !ours)
      if (others.length === hosts.length) return []
      return others.flatMap(({ name, addresses }) => {
        const own = addresses.some((address) => matchAddress(networks, address, () => undefined) === true)
        if (!own && shared) return []
        return [
          {
            severity: own ? ('error' as const) : ('info' as const),
            detail: own
              ? `${name} takes mail for ${domain} and is in mynetworks: what comes through it is never greylisted here`
              : `${name} takes mail for ${domain} too; whether it greylists cannot be seen from here`,
            evidence: own && line ? [lineOf(mainCf, line)] : [],
            affects: [name],
          },
        ]
      })
    })
  },
})

export const EXCHANGERS = [backup]

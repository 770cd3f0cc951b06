import { parseMainCf } from '../postfix/main-cf.js'
import { findPolicyServices, type PolicyService } from '../postfix/policy-services.js'
import type { ServerFacts } from './facts.js'
import { SERVICE_MANAGERS } from './service-manager.js'

/** What an administrator should know before choosing: a word for it, and what it is here. */
export interface FoundItem {
  readonly what: string
  readonly is: string
}

/** The server as it was found, in plain words. Pure. */
export function describeServer(facts: ServerFacts): readonly FoundItem[] {
  const { postfix, postfixRunning, mainCfPath, postgrey, init } = facts
  const other = otherGreylister(facts)
  const items: (FoundItem | undefined)[] = [
    {
      what: 'Postfix',
      is: [postfix?.version, postfixRunning ? 'running' : 'not running', mainCfPath]
        .filter(Boolean)
        .join(', '),
    },
    postfix && {
      what: 'takes mail for',
      is: postfix.ownDomains.join(', ') || 'no domain that main.cf writes out',
    },
    postfix && { what: 'own networks', is: `${postfix.mynetworks.join(' ')} (never asked)` },
    other && {
      what: 'greylists already',
      is: `${other.greylister} at ${other.endpoint} (line ${other.line})`,
    },
    !other && postgrey.installed
      ? {
          what: 'postgrey',
          is: `installed${postgrey.service.running ? ' and running' : ''}, but Postfix does not ask it`,
        }
      : undefined,
    { what: 'services by', is: SERVICE_MANAGERS[init].name },
  ]
  return items.filter((item) => item !== undefined)
}

/** A greylister that is not greyctl and that main.cf asks; undefined also where main.cf cannot be read. */
export function otherGreylister({ mainCf, mainCfPath }: ServerFacts): PolicyService | undefined {
  if (mainCf === undefined) return undefined
  const services = findPolicyServices(parseMainCf(mainCf.toString('latin1'), mainCfPath))
  return services.find(({ greylister }) => greylister && greylister !== 'greyctl')
}

import { evaluate } from '../../src/postfix/evaluator/evaluate.js'
import type { Opinion } from '../../src/postfix/evaluator/opinion.js'
import type { MainCf } from '../../src/postfix/main-cf.js'
import { effectiveSettings, type Settings, withOverrides } from '../../src/postfix/settings.js'

export type RelayClient = 'mynetworks' | 'authenticated' | 'stranger'
export type RelayRecipient = 'own' | 'elsewhere'

/** A restriction whose answer the configuration does not tell. */
export interface Asked {
  readonly name: string
  readonly argument: string | undefined
}

interface RelayQuestion {
  readonly client: RelayClient
  readonly recipient: RelayRecipient
  readonly oracle: (asked: Asked) => Opinion
}

interface RelayAnswer {
  readonly answer: 'permit' | 'refuse' | 'defer'
  readonly starts: boolean
  readonly asked: readonly Asked[]
}

const SETTINGS = {
  mydestination: 'example.test',
  mynetworks: '127.0.0.0/8',
  relay_domains: '',
  smtpd_sasl_auth_enable: 'yes',
  smtpd_reject_unlisted_recipient: 'no',
}

/** What the settings alone tell; all else is asked of the oracle. */
const KNOWN =
  /^(permit|reject|defer|defer_if_permit|defer_if_reject|permit_mynetworks|permit_sasl_authenticated|permit_auth_destination|reject_unauth_destination|defer_unauth_destination|check_relay_domains)$/

/** The evaluator, asked about relaying alone, with an oracle for tables, DNS and policy servers. */
export function evaluateRelay(cf: MainCf, { client, recipient, oracle }: RelayQuestion): RelayAnswer {
  const asked: Asked[] = []
  const ask = (one: Asked) => {
    asked.push(one)
    return oracle(one)
  }
  const scenario = {
    client: { address: client === 'mynetworks' ? '127.0.0.1' : '203.0.113.99' },
    helo: 'probe.example',
    sender: 'a@sender.example',
    recipient: recipient === 'own' ? 'alice@example.test' : 'bob@elsewhere.example',
    ...(client === 'authenticated' ? { user: 'joe' } : {}),
  }
  const { outcomes } = evaluate(settingsOf(cf), scenario, {
    policy: ({ argument }) => [ask({ name: 'check_policy_service', argument })],
    oracle: (one) => (KNOWN.test(one.name) ? undefined : ask(one)),
  })
  if (outcomes.length !== 1) throw new Error(`not certain: ${outcomes.join(' ')}`)
  const [outcome] = outcomes
  const answer = outcome === 'accepted' ? 'permit' : outcome === 'deferred' ? 'defer' : 'refuse'
  return { answer, starts: outcome !== 'no-service', asked }
}

const known = new WeakMap<MainCf, Settings>()

/** A property asks many questions of one configuration. */
function settingsOf(cf: MainCf): Settings {
  const settings = known.get(cf) ?? withOverrides(effectiveSettings(cf, { version: '3.7.11' }), SETTINGS)
  known.set(cf, settings)
  return settings
}

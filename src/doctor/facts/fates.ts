import type { Scenario } from '../../postfix/evaluator/scenario.js'
import { readNetwork } from '../../postfix/evaluator/tables.js'
import type { Oracle } from '../../postfix/evaluator/walk.js'
import { listWords } from '../../postfix/restriction-list.js'
import { type Settings, withOverrides } from '../../postfix/settings.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { ownDomain, safely } from './own-domain.js'
import type { PolicyUse } from './policy-uses.js'
import { type Asked, Questions } from './questions.js'
import type { SmtpdService } from './services.js'
import type { TableTexts } from './table-texts.js'

/**
 * What becomes of mails at one service, by the restriction lists that count for it. Ordinary mails: no table or DNS list that
 * is not at hand says anything about them.
 */
export interface Fate {
  readonly service: SmtpdService
  /** Whether the lists could be followed: smtpd would start with them, and can evaluate them. */
  readonly judged: boolean
  /** From a stranger to an own domain. */
  readonly outside: readonly Asked[]
  /** Asked about strangers of another kind alone: with the name of a household's line, or without one. */
  readonly others: readonly Asked[]
  /** The same, when it only asks main.cf: without the overrides of master.cf. */
  readonly withoutOverrides: readonly Asked[]
  /** From a client in mynetworks. */
  readonly own: readonly Asked[]
  /** Whether one can log in. */
  readonly login: boolean
  /** From somebody who has logged in, where one can. */
  readonly user: readonly Asked[]
  /** From a stranger to a domain elsewhere. */
  readonly relay: readonly Asked[]
  /** Certainly taken, although policy servers say nothing. */
  readonly relays: boolean
  /** It would be when a policy server said OK. */
  readonly relaysWhenPermitted: boolean
  /** To a recipient that does not exist: asked before anything says so. */
  readonly nobody: readonly Asked[]
  /** Tables that let a stranger relay with an entry that says OK. */
  readonly relayTables: readonly string[]
}

const STRANGER = { address: '203.0.113.77', name: 'mail.stranger.example' }
/** Lists may treat clients by what their names look like. */
const OTHER_STRANGERS = [
  { address: '203.0.113.77', name: 'dhcp-203-0-113-77.pool.stranger.example' },
  { address: '203.0.113.77' },
]
const LOOPBACK = { address: '127.0.0.1', name: 'localhost' }
const ELSEWHERE = 'somebody@elsewhere.example'

export async function gatherFates({ need }: GatherContext<Facts>): Promise<readonly Fate[]> {
  const [services, uses, texts] = await Promise.all([
    need('services'),
    need('policyUses'),
    need('tableTexts'),
  ])
  // services that master.cf gives the same settings meet the same fate
  const known = new Map<string, Fate>()
  return services.map((service) => {
    const { overrides, chroot } = service.master
    const key = JSON.stringify([service.role, chroot, overrides.map(({ name, value }) => [name, value])])
    const fate = known.get(key) ?? fateOf(service, uses, texts)
    known.set(key, fate)
    return { ...fate, service }
  })
}

/** Longer lists are nobody's; following one many times over would take its time. */
const MOST_ENTRIES = 5000

function fateOf(service: SmtpdService, uses: readonly PolicyUse[], texts: TableTexts): Fate {
  const { settings } = service
  if (service.lists.reduce((sum, { entries }) => sum + entries.length, 0) > MOST_ENTRIES)
    return notFollowed(service)
  const mail: Scenario = {
    client: STRANGER,
    helo: STRANGER.name,
    sender: 'a@stranger.example',
    recipient: `somebody@${ownDomain(settings)}`,
    recipientExists: true,
  }
  const ask = new Questions(service, uses, texts)
  const login =
    service.role === 'submission' ? withOverrides(settings, { smtpd_sasl_auth_enable: 'yes' }) : settings
  const canLogIn = login.get('smtpd_sasl_auth_enable').toLowerCase() === 'yes'
  const own = service.role === 'reinjection' ? LOOPBACK : ownClient(settings)
  const relay = { ...mail, recipient: ELSEWHERE }
  const outside = [...ask.about(settings, mail), ...ask.throughTables(settings, mail)]
  return {
    service,
    judged: ask.canBeJudged(settings, mail),
    outside,
    others: OTHER_STRANGERS.flatMap((client) => ask.about(settings, { ...mail, client })).filter(
      (asked) =>
        !outside.some((known) => known.list === asked.list && known.endpoint.text === asked.endpoint.text),
    ),
    withoutOverrides: ask.about(service.mainSettings, mail),
    own: own === undefined ? [] : ask.about(settings, { ...mail, client: own }),
    login: canLogIn,
    user: canLogIn ? ask.about(login, { ...mail, user: 'somebody' }, CERTIFICATE) : [],
    relay: ask.about(settings, relay),
    relays: ask.takes(settings, relay),
    relaysWhenPermitted: ask.takes(settings, relay, { policy: () => ['permit'] }),
    nobody: ask.about(settings, { ...mail, recipientExists: false }, NOBODY),
    relayTables: ask.relayTables(settings, relay),
  }
}

function notFollowed(service: SmtpdService): Fate {
  const nothing = {
    outside: [],
    others: [],
    withoutOverrides: [],
    own: [],
    login: false,
    user: [],
    relay: [],
    nobody: [],
    relayTables: [],
  }
  return { service, judged: false, relays: false, relaysWhenPermitted: false, ...nothing }
}

/** Who logs in with a certificate has one. */
const CERTIFICATE: Oracle = ({ name }) =>
  /^permit_tls_(all_)?clientcerts$/.test(name) ? 'permit' : undefined

/** The recipient is in no list, and those that are asked say so. */
const NOBODY: Oracle = ({ name }) =>
  name === 'reject_unlisted_recipient' || name === 'reject_unverified_recipient' ? 'reject' : undefined

/** A client of mynetworks; undefined where no network of it can be told. */
function ownClient(settings: Settings): Scenario['client'] | undefined {
  const words = safely(() => listWords(settings.get('mynetworks')))
  const first = words
    .filter((word) => !word.startsWith('!'))
    .map(readNetwork)
    .find((network) => network !== undefined)
  if (first === undefined) return settings.raw('mynetworks') === undefined ? LOOPBACK : undefined
  return { address: first[0].toString(), name: 'host.own.example' }
}

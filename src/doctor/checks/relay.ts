import { guardsRelay } from '../../postfix/guards.js'
import { check } from '../check.js'
import { PERMITS } from '../facts/questions.js'
import { distinct, greylisted, hitOf, isMx } from './uses.js'

const beforeGuard = check({
  id: 'policy-before-reject-unauth-destination',
  title: 'a policy server is asked before relaying is refused',
  severity: 'critical',
  symptom: 'relay attempts reach the policy server; one that answers OK would open the relay',
  cause:
    'smtpd_relay_restrictions is empty, and the check stands before reject_unauth_destination in smtpd_recipient_restrictions',
  look: ['postconf smtpd_relay_restrictions smtpd_recipient_restrictions'],
  remedy:
    'put reject_unauth_destination before the check, or set smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination',
  autofix: 'manual',
  needs: ['fates'],
  judge: ({ fates }) =>
    fates
      .filter(({ relays, relaysWhenPermitted }) => relaysWhenPermitted && !relays)
      .flatMap((fate) =>
        distinct(fate.relay).map((asked) => hitOf(fate, asked, 'and only later refuses relaying')),
      ),
})

const relayOrder = check({
  id: 'relay-vs-recipient-order',
  title: 'relay attempts reach the greylister before they are refused',
  severity: 'info',
  symptom: '450 Greylisted for recipients elsewhere, and triplets of them in the store',
  cause: 'below compatibility level 3.6 the recipient list is asked before the relay list',
  look: ['postconf smtpd_relay_before_recipient_restrictions compatibility_level'],
  remedy: 'set compatibility_level = 3.6, or put reject_unauth_destination before the check',
  autofix: 'manual',
  becauseOf: ['policy-before-reject-unauth-destination'],
  needs: ['fates', 'postconf'],
  judge: ({ fates }) =>
    fates
      .filter((fate) => isMx(fate) && !fate.relays && !fate.relaysWhenPermitted)
      .flatMap((fate) =>
        distinct(greylisted(fate.relay))
          // the lists before it are asked about everything in any case
          .filter(({ list }) => list === 'smtpd_recipient_restrictions')
          .map((asked) => hitOf(fate, asked, 'about relay attempts')),
      ),
})

const noGuard = check({
  id: 'no-relay-guard',
  title: 'nothing guards against relaying, and smtpd does not start',
  severity: 'critical',
  symptom:
    'fatal: in parameter smtpd_relay_restrictions or smtpd_recipient_restrictions, specify at least one working instance of: reject_unauth_destination, …',
  cause: 'both lists lack an entry that refuses strangers, or a permit stands before it',
  look: ['postconf smtpd_relay_restrictions smtpd_recipient_restrictions', 'postconf -P'],
  remedy: 'add reject_unauth_destination to smtpd_relay_restrictions',
  autofix: 'manual',
  needs: ['services', 'postconf'],
  judge: ({ services }) =>
    services
      .filter(
        (service) =>
          !guardsRelay(service, 'smtpd_relay_restrictions') &&
          !guardsRelay(service, 'smtpd_recipient_restrictions'),
      )
      .map((service) => {
        const places = [
          service.where('smtpd_relay_restrictions'),
          service.where('smtpd_recipient_restrictions'),
        ]
        return {
          detail: `${service.label} has no relay guard`,
          evidence: places.filter((place) => place !== undefined),
          affects: [service.label],
        }
      }),
})

const openRelay = check({
  id: 'open-relay',
  title: 'strangers may send mail through this server to anywhere',
  severity: 'critical',
  symptom: 'the queue is full of bounces, and this server is on DNS lists',
  cause: 'an entry of the relay or recipient list permits everybody before anything refuses relaying',
  look: ['postconf smtpd_relay_restrictions smtpd_recipient_restrictions mynetworks', 'postconf -P'],
  remedy:
    'set smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination for that service',
  autofix: 'manual',
  becauseOf: ['mynetworks-too-wide'],
  needs: ['fates'],
  judge: ({ fates }) =>
    fates
      .filter(({ relays, service }) => relays && service.role !== 'reinjection')
      .map(({ service }) => {
        const places = ['smtpd_relay_restrictions', 'smtpd_recipient_restrictions'].map((list) =>
          service.where(list),
        )
        return {
          detail: `${service.label} takes mail of a stranger for a domain elsewhere`,
          evidence: places.filter((place) => place !== undefined),
          affects: [service.label],
        }
      }),
})

const ACCESS = /^check_[a-z_]+_access$/
const BY_DNS = /^check_(reverse_client_hostname|[a-z_]+_(mx|ns|a))_access$/

const tableSaysOk = check({
  id: 'access-map-ok-in-recipient',
  title: 'OK in an access table lets strangers relay, or is an error',
  severity: 'critical',
  symptom:
    'warning: restriction check_sender_mx_access returns OK for …; this is not allowed for security reasons; or mail for other domains is taken from whoever writes the right sender',
  cause:
    'OK ends the list: in front of reject_unauth_destination it permits relaying, and anybody may write that sender or HELO name. What DNS says may not permit at all',
  look: ['postconf -n | grep _access', 'grep -w OK FILE'],
  remedy: 'write DUNNO in place of OK: the exception stays, and the list goes on',
  autofix: 'manual',
  needs: ['fates', 'tableTexts', 'log'],
  judge: ({ fates, tableTexts, log }) => {
    const says = (spec: string) => (tableTexts.entries(spec) ?? []).filter(({ value }) => PERMITS.test(value))
    const shown = (spec: string) =>
      says(spec)
        .slice(0, 3)
        .map(({ path, line, key, value }) => ({ ref: `${path}:${line}`, text: `${key} ${value}` }))
    const relaying = fates.flatMap(({ service, relayTables }) =>
      relayTables.map((spec) => ({
        detail: `${service.label}: OK of ${spec} lets whoever matches it send anywhere`,
        evidence: shown(spec),
        affects: [spec, service.label],
      })),
    )
    const byDns = fates.flatMap(({ service }) =>
      service.lists
        .flatMap(({ entries }) => entries)
        .filter(
          ({ name, argument }) => ACCESS.test(name) && BY_DNS.test(name) && says(argument ?? '').length > 0,
        )
        .map(({ name, argument = '', where }) => ({
          severity: 'error' as const,
          detail: `${service.label}: ${name} may not say OK, as ${argument} does: it is 451 for the mail`,
          evidence: [where, ...shown(argument)],
          affects: [argument, service.label],
        })),
    )
    const met = log.signs.get('ok-forbidden')
    if (met !== undefined && byDns.length === 0)
      return [
        ...relaying,
        { severity: 'error' as const, detail: 'Postfix met such an entry', evidence: met.evidence },
      ]
    return [...relaying, ...byDns]
  },
})

export const RELAY = [noGuard, openRelay, beforeGuard, tableSaysOk, relayOrder]

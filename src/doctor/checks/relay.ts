import { guardsRelay, isGuard } from '../../postfix/guards.js'
import { check } from '../check.js'
import type { SmtpdService } from '../facts/services.js'
import { about, before, ending } from './uses.js'

/** Does the relay list refuse strangers before the recipient list is asked? */
function guardedFirst(service: SmtpdService): boolean {
  return (
    guardsRelay(service, 'smtpd_relay_restrictions') &&
    /^yes$/i.test(service.get('smtpd_relay_before_recipient_restrictions') || 'yes')
  )
}

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
  needs: ['policyUses'],
  judge: ({ policyUses }) =>
    policyUses
      .filter(({ list, service }) => list === 'smtpd_recipient_restrictions' && service.role !== 'submission')
      .filter(
        (use) =>
          !guardsRelay(use.service, 'smtpd_relay_restrictions') &&
          !before(use).some(isGuard) &&
          ending(use) === undefined,
      )
      .map((use) => ({
        detail: `${use.service.label} asks ${use.endpoint.text} and only later refuses relaying`,
        evidence: [use.entry.where],
        affects: about(use),
      })),
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
  needs: ['policyUses', 'postconf'],
  judge: ({ policyUses }) =>
    policyUses
      .filter(
        ({ list, service, greylister }) =>
          greylister && list === 'smtpd_recipient_restrictions' && service.role === 'mx',
      )
      .filter(
        (use) =>
          guardsRelay(use.service, 'smtpd_relay_restrictions') &&
          !guardedFirst(use.service) &&
          !before(use).some(isGuard),
      )
      .map((use) => ({
        detail: `${use.service.label} asks ${use.endpoint.text} before its relay list`,
        evidence: [use.entry.where],
        affects: about(use),
      })),
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

export const RELAY = [noGuard, beforeGuard, relayOrder]

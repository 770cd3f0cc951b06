import { compareLevels } from '../../postfix/expand.js'
import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'
import { signHits } from './resources.js'
import { entriesOf, unknownEntries } from './restriction-names.js'

const unknown = check({
  id: 'unknown-restriction',
  title: 'a list holds a word that is no restriction',
  severity: 'critical',
  symptom:
    'warning: unknown smtpd restriction: "permit_mynetwork", and 451 4.3.5 Server configuration error for everybody',
  cause:
    'a typing error, an argument without its restriction, or a restriction of another version of Postfix',
  look: ['postconf -n | grep restrictions'],
  remedy: 'correct the word',
  autofix: 'manual',
  becauseOf: ['leading-whitespace-swallowed', 'inline-comment-in-value', 'master-o-whitespace'],
  needs: ['services', 'mainCf'],
  judge: ({ services, mainCf }) =>
    unknownEntries(services)
      .filter(({ entry }) => !mainCf.cf.definitions.some(({ name }) => name === entry.word))
      .map(({ entry, list, service }) => ({
        detail: `"${entry.name}" in ${list} is no restriction`,
        evidence: [entry.where],
        affects: [service.label],
      })),
})

/** In the other lists a table alone is looked up for what the list is about, as of old. */
const DATA = /^smtpd_(data|end_of_data)_restrictions$/

const bareTable = check({
  id: 'bare-table-without-check',
  title: 'a lookup table stands in a list without saying what is to be looked up',
  severity: 'error',
  symptom: 'warning: specify one of (check_client_access, …) before … restriction "hash:/etc/postfix/access"',
  cause:
    'check_client_access or the like is missing before the table, in a list that has no kind of look-up of its own',
  look: ['postconf -n | grep restrictions'],
  remedy: 'write check_client_access, check_sender_access or check_recipient_access before the table',
  autofix: 'manual',
  needs: ['services'],
  judge: ({ services }) =>
    entriesOf(services)
      .filter(
        ({ entry, list }) =>
          DATA.test(list) && entry.argument === undefined && /^[a-z]+:\/?\S+$/.test(entry.name),
      )
      .map(({ entry, list, service }) => ({
        detail: `${entry.name} in ${list} stands alone`,
        evidence: [entry.where],
        affects: [service.label],
      })),
})

const removed = check({
  id: 'removed-restriction',
  title: 'a list uses a restriction that was removed from Postfix, or will be',
  severity: 'warning',
  symptom: 'warning: support for restriction "check_relay_domains" has been removed in Postfix 3.9; and 451',
  cause: 'the configuration is older than this Postfix',
  look: ['postconf -n | grep restrictions', 'postconf mail_version'],
  remedy:
    'reject_unauth_destination in place of check_relay_domains; nothing in place of permit_mx_backup and permit_naked_ip_address',
  autofix: 'manual',
  needs: ['services', 'settings'],
  judge: ({ services, settings }) =>
    entriesOf(services)
      .filter(({ entry }) =>
        /^(check_relay_domains|permit_naked_ip_address|reject_maps_rbl|permit_mx_backup)$/.test(entry.name),
      )
      .map(({ entry, list, service }) => ({
        severity:
          settings.version !== undefined &&
          compareLevels(settings.version, '3.9') >= 0 &&
          entry.name !== 'permit_mx_backup'
            ? ('critical' as const)
            : ('warning' as const),
        detail: `${entry.name} in ${list}`,
        evidence: [entry.where],
        affects: [service.label],
      })),
})

const tableInside = check({
  id: 'lookup-table-inside-access-map',
  title: 'an access table answers with a lookup table or a policy server',
  severity: 'error',
  symptom:
    'warning: access table … has entry with lookup table: …; do not specify lookup tables inside SMTPD access maps',
  cause: 'what stands behind the key has a colon in it',
  look: ["grep 'has entry with lookup table' /var/log/mail.log"],
  remedy: 'define a restriction class, and write its name into the table',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) => signHits(log, 'access-table-inside', 'Postfix met such an entry'),
})

const oldLevel = check({
  id: 'compat-level-0',
  title: 'Postfix runs with the defaults of a version before 3.0',
  severity: 'warning',
  symptom: 'Postfix is running with backwards-compatible default settings',
  cause:
    'compatibility_level is not set, or 0: smtpd_relay_restrictions is empty by default, services are chrooted',
  look: ['postconf compatibility_level smtpd_relay_restrictions'],
  remedy: 'read COMPATIBILITY_README, set what you want to keep, then set compatibility_level = 3.6',
  autofix: 'manual',
  needs: ['postconf', 'mainCf'],
  judge: ({ postconf, mainCf }) => {
    const version = postconf.values.get('mail_version') ?? ''
    const level = postconf.values.get('compatibility_level') ?? ''
    if (
      postconf.fatal !== undefined ||
      compareLevels(version || '0', '3.0') < 0 ||
      compareLevels(level || '0', '1') >= 0
    )
      return []
    const line = mainCf.cf.get('compatibility_level')?.line
    return [
      {
        detail: `compatibility_level is ${level || 'not set'}`,
        evidence: line ? [lineOf(mainCf, line)] : [],
        affects: [mainCf.path],
      },
    ]
  },
})

export const LISTS = [unknown, bareTable, removed, tableInside, oldLevel]

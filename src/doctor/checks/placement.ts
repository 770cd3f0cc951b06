import { check } from '../check.js'
import type { SmtpdService } from '../facts/services.js'
import { about, before, ending, type Uses } from './uses.js'

function greylistersOf(uses: Uses, service: SmtpdService): Uses {
  return uses.filter((use) => use.service === service && use.greylister)
}

/** Uses of a greylister on port 25 that a kind of own client reaches. */
function reachedBy(uses: Uses, permits: readonly string[]): Uses {
  return uses.filter(
    (use) =>
      use.greylister &&
      use.service.role === 'mx' &&
      !use.entry.warnIfReject &&
      ending(use) === undefined &&
      !before(use).some(({ name }) => permits.includes(name)),
  )
}

const ownNetworks = check({
  id: 'policy-before-permit-mynetworks',
  title: 'mail of this host and the own networks is greylisted',
  severity: 'error',
  symptom:
    'mail of cron, of a web application or of another own server is put off: 450 Greylisted for a client in mynetworks',
  cause: 'the check stands before permit_mynetworks',
  look: ['postconf -n smtpd_recipient_restrictions'],
  remedy: 'put permit_mynetworks before the check',
  autofix: 'manual',
  needs: ['policyUses'],
  judge: ({ policyUses }) =>
    reachedBy(policyUses, ['permit_mynetworks']).map((use) => ({
      detail: `${use.service.label} asks ${use.endpoint.text} before it permits the own networks`,
      evidence: [use.entry.where],
      affects: about(use),
    })),
})

const authenticated = check({
  id: 'policy-before-permit-sasl',
  title: 'authenticated users are greylisted',
  severity: 'error',
  symptom: '450 Greylisted in a mail program that has logged in',
  cause: 'the check stands before permit_sasl_authenticated',
  look: ['postconf -n smtpd_recipient_restrictions smtpd_sasl_auth_enable'],
  remedy: 'put permit_sasl_authenticated before the check',
  autofix: 'manual',
  needs: ['policyUses'],
  judge: ({ policyUses }) =>
    reachedBy(policyUses, ['permit_sasl_authenticated'])
      .filter(({ service }) => /^yes$/i.test(service.get('smtpd_sasl_auth_enable')))
      .map((use) => ({
        detail: `${use.service.label} asks ${use.endpoint.text} before it permits authenticated users`,
        evidence: [use.entry.where],
        affects: about(use),
      })),
})

const unreachable = check({
  id: 'policy-unreachable-after-permit',
  title: 'the greylister stands behind an entry that ends the list: it is never asked',
  severity: 'error',
  symptom: "no mail is ever deferred; warning: restriction `check_policy_service' after `permit' is ignored",
  cause: 'permit, reject, defer or permit_auth_destination stands before the check',
  look: ['postconf -n smtpd_recipient_restrictions'],
  remedy: 'put the check before that entry',
  autofix: 'manual',
  needs: ['policyUses'],
  judge: ({ policyUses }) =>
    policyUses
      .filter(({ greylister, service }) => greylister && service.role === 'mx')
      .flatMap((use) => {
        const end = ending(use)
        if (end === undefined) return []
        return [
          {
            detail: `${use.service.label}: "${end.name}" comes before ${use.endpoint.text} in ${use.list}`,
            evidence: [end.where, use.entry.where],
            affects: about(use),
          },
        ]
      }),
})

/** Policy servers that are known not to greylist. */
const OTHERS = /spf|quota|tlspol|dmarc|postsrsd|:12340$|:8461$/i

const off = check({
  id: 'greylisting-off',
  title: 'nothing on port 25 asks a greylister',
  severity: 'error',
  symptom: 'mail from strangers is accepted at the first try',
  cause: 'the lists of the service that takes mail from the internet name no policy server that greylists',
  look: ['postconf -n | grep -E "check_policy_service|milters"'],
  remedy: 'put greylisting on this server',
  commands: ['greyctl install --dry-run', 'greyctl install'],
  autofix: 'manual',
  becauseOf: [
    'master-override-disables-greylisting',
    'policy-only-in-inactive-list',
    'duplicate-parameter',
    'leading-whitespace-swallowed',
    'wrong-config-dir',
    'restriction-class-undeclared',
  ],
  needs: ['services', 'policyUses'],
  judge: ({ services, policyUses }) => {
    const mx = services.filter(({ role }) => role === 'mx')
    return mx
      .filter((service) => {
        const own = policyUses.filter((use) => use.service === service)
        const may = own.some((use) => use.greylister || !OTHERS.test(use.endpoint.text))
        return !may && !/rspamd|:11332|greylist/i.test(service.get('smtpd_milters')) && !throughTable(service)
      })
      .map((service) => {
        const place = service.where('smtpd_recipient_restrictions')
        return {
          detail: `${service.label} asks no greylister`,
          evidence: place ? [place] : [],
          affects: [service.label],
        }
      })
  },
})

/** Selective greylisting: a table names a restriction class, in which the check stands. */
function throughTable(service: SmtpdService): boolean {
  const classes = service
    .get('smtpd_restriction_classes')
    .split(/[\s,]+/)
    .filter(Boolean)
  return classes.some((name) => /check_policy_service/i.test(service.get(name)))
}

const monitor = check({
  id: 'warn-if-reject-prefix',
  title: 'warn_if_reject stands before the greylister: it logs, and defers nobody',
  severity: 'info',
  symptom: 'reject_warning: … Greylisted in the log, and the mail is accepted',
  cause: 'warn_if_reject turns what follows into a warning',
  look: ['postconf -n smtpd_recipient_restrictions'],
  remedy: 'take warn_if_reject away when you have seen enough',
  autofix: 'manual',
  needs: ['policyUses'],
  judge: ({ policyUses }) =>
    policyUses
      .filter(({ greylister, entry }) => greylister && entry.warnIfReject)
      .map((use) => ({
        detail: `${use.service.label} asks ${use.endpoint.text} under warn_if_reject`,
        evidence: [use.entry.where],
        affects: about(use),
      })),
})

const twice = check({
  id: 'policy-asked-twice',
  title: 'the same policy server is asked twice about the same mail',
  severity: 'warning',
  symptom: 'two lines of the greylister for each recipient; an early retry at the first try',
  cause: 'the check stands in two lists, or twice in one',
  look: ['postconf -n | grep check_policy_service'],
  remedy: 'leave it in smtpd_recipient_restrictions alone, once',
  autofix: 'manual',
  needs: ['services', 'policyUses'],
  judge: ({ services, policyUses }) =>
    services
      .filter(({ role }) => role === 'mx')
      .flatMap((service) => {
        const uses = greylistersOf(policyUses, service)
        const texts = new Set(uses.map(({ endpoint }) => endpoint.text))
        return [...texts].flatMap((text) => {
          const same = uses.filter(({ endpoint }) => endpoint.text === text)
          if (same.length < 2) return []
          return [
            {
              detail: `${service.label} asks ${text} ${same.length} times: ${same.map(({ list }) => list).join(', ')}`,
              evidence: same.map(({ entry }) => entry.where),
              affects: [text, service.label],
            },
          ]
        })
      }),
})

const EARLY = new Set(['smtpd_client_restrictions', 'smtpd_helo_restrictions'])

const tooEarly = check({
  id: 'policy-in-client-or-helo-with-delay-reject-no',
  title: 'the greylister is asked before sender and recipient are known',
  severity: 'error',
  symptom: 'all mail of a client is put off together; the greylister’s lines have no recipient',
  cause:
    'smtpd_delay_reject is no, and the check stands in the client or HELO list: it is asked at CONNECT or HELO',
  look: ['postconf smtpd_delay_reject', 'postconf -n smtpd_client_restrictions smtpd_helo_restrictions'],
  remedy: 'put the check into smtpd_recipient_restrictions',
  autofix: 'manual',
  needs: ['policyUses'],
  judge: ({ policyUses }) =>
    policyUses
      .filter(
        ({ greylister, list, service }) =>
          greylister && EARLY.has(list) && /^no$/i.test(service.get('smtpd_delay_reject')),
      )
      .map((use) => ({
        detail: `${use.service.label} asks ${use.endpoint.text} in ${use.list}`,
        evidence: [use.entry.where],
        affects: about(use),
      })),
})

const tooLate = check({
  id: 'policy-in-data-or-eod',
  title: 'the greylister is asked when the recipients have been accepted',
  severity: 'error',
  symptom: 'messages with several recipients are never greylisted, or are deferred as a whole',
  cause:
    'the check stands in smtpd_data_restrictions or smtpd_end_of_data_restrictions: a policy server gets a recipient there only when there is one alone',
  look: ['postconf -n smtpd_data_restrictions smtpd_end_of_data_restrictions'],
  remedy: 'put the check into smtpd_recipient_restrictions',
  autofix: 'manual',
  needs: ['policyUses'],
  judge: ({ policyUses }) =>
    policyUses
      .filter(({ greylister, list }) => greylister && /data_restrictions$/.test(list))
      .map((use) => ({
        detail: `${use.service.label} asks ${use.endpoint.text} in ${use.list}`,
        evidence: [use.entry.where],
        affects: about(use),
      })),
})

export const PLACEMENT = [off, unreachable, ownNetworks, authenticated, tooEarly, tooLate, twice, monitor]

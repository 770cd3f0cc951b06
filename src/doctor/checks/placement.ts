import { check, type Hit } from '../check.js'
import type { Fate } from '../facts/fates.js'
import type { Asked } from '../facts/questions.js'
import { about, distinct, ending, greylisted, hitOf, isMx, type Uses } from './uses.js'

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
  needs: ['fates'],
  judge: ({ fates }) => greylistedToo(fates, ({ own }) => own, 'before it permits the own networks'),
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
  needs: ['fates'],
  judge: ({ fates }) => greylistedToo(fates, ({ user }) => user, 'before it permits authenticated users'),
})

/** Where a greylister is asked about mail that it ought not to see. */
function greylistedToo(
  fates: readonly Fate[],
  mailsOf: (fate: Fate) => readonly Asked[],
  when: string,
): readonly Hit[] {
  return fates
    .filter(isMx)
    .flatMap((fate) => distinct(greylisted(mailsOf(fate))).map((asked) => hitOf(fate, asked, when)))
}

const unreachable = check({
  id: 'policy-unreachable-after-permit',
  title: 'the greylister stands behind an entry that ends the list: it is never asked',
  severity: 'error',
  symptom: "no mail is ever deferred; warning: restriction `check_policy_service' after `permit' is ignored",
  cause: 'permit, reject, defer or permit_auth_destination stands before the check',
  look: ['postconf -n smtpd_recipient_restrictions'],
  remedy: 'put the check before that entry',
  autofix: 'manual',
  becauseOf: ['mynetworks-too-wide'],
  needs: ['policyUses', 'fates'],
  judge: ({ policyUses, fates }) =>
    policyUses.flatMap((use) => {
      const { service, endpoint, list } = use
      const fate = fates.find((each) => each.service === service && isMx(each))
      if (fate === undefined || !use.greylister || service.classes.some(({ name }) => name === list))
        return []
      // smtpd does not start, or the lists cannot be read: other checks say so
      if (
        !fate.judged ||
        [...fate.outside, ...fate.others].some(
          (asked) => asked.list === list && asked.endpoint.text === endpoint.text,
        )
      )
        return []
      const end = ending(use)
      return [
        {
          detail: end
            ? `${service.label}: "${end.name}" comes before ${endpoint.text} in ${list}`
            : `${service.label}: what stands before ${endpoint.text} in ${list} decides about every mail`,
          evidence: [...(end ? [end.where] : []), use.entry.where],
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
    'policy-unreachable-after-permit',
    'mynetworks-too-wide',
    'policy-only-in-inactive-list',
    'duplicate-parameter',
    'leading-whitespace-swallowed',
    'wrong-config-dir',
    'restriction-class-undeclared',
  ],
  needs: ['fates', 'policyUses'],
  judge: ({ fates, policyUses }) =>
    fates
      .filter((fate) => isMx(fate) && !asksGreylister(fate, policyUses))
      .map(({ service }) => {
        const place = service.where('smtpd_recipient_restrictions')
        return {
          detail: `${service.label} asks no greylister`,
          evidence: place ? [place] : [],
          affects: [service.label],
        }
      }),
})

/** A policy server of which nothing is known may be one; so may a milter. */
function asksGreylister({ service, outside, others, judged }: Fate, uses: Uses): boolean {
  // lists that cannot be followed: what stands in them
  const asked = judged ? [...outside, ...others] : uses.filter((use) => use.service === service)
  const may = asked.some(
    ({ greylister, outbound, endpoint }) => greylister || !(outbound || OTHERS.test(endpoint.text)),
  )
  return may || /rspamd|:11332|greylist/i.test(service.get('smtpd_milters'))
}

const elsewhere = check({
  id: 'greylisting-disabled-but-still-450',
  title: 'mail is put off, and not by a greylister',
  severity: 'info',
  symptom: '450 or 451 in the log although greylisting is off: "Greylisting is still active", users say',
  cause:
    'other rules put mail off too: postscreen, a client without a name, a sender’s domain that cannot be looked up, a DNS list',
  look: ["grep -E 'NOQUEUE: reject.* 45[0-9] ' /var/log/mail.log | tail"],
  remedy: 'read the text behind the code: it names the rule',
  autofix: 'manual',
  becauseOf: ['greylisting-off'],
  needs: ['fates', 'policyUses', 'log'],
  judge: ({ fates, policyUses, log }) => {
    const sign = log.signs.get('deferred-elsewhere')
    const mx = fates.filter(isMx)
    if (sign === undefined || mx.length === 0 || mx.some((fate) => asksGreylister(fate, policyUses)))
      return []
    return [
      {
        detail: `no service on port 25 asks a greylister; the log has ${sign.count} ${sign.count === 1 ? 'deferral' : 'deferrals'}`,
        evidence: sign.evidence,
      },
    ]
  },
})

const monitor = check({
  id: 'warn-if-reject-prefix',
  title: 'warn_if_reject stands before the greylister: it logs, and defers nobody',
  severity: 'info',
  symptom: 'reject_warning: … Greylisted in the log, and the mail is accepted',
  cause: 'warn_if_reject turns what follows into a warning',
  look: ['postconf -n smtpd_recipient_restrictions'],
  remedy: 'take warn_if_reject away when you have seen enough',
  autofix: 'manual',
  needs: ['fates'],
  judge: ({ fates }) =>
    fates.flatMap((fate) =>
      distinct(fate.outside.filter(({ greylister, warnOnly }) => greylister && warnOnly)).map((asked) =>
        hitOf(fate, asked, 'under warn_if_reject'),
      ),
    ),
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
  needs: ['fates'],
  judge: ({ fates }) =>
    fates.filter(isMx).flatMap(({ service, outside }) => {
      const asked = outside.filter(({ greylister }) => greylister)
      const texts = new Set(asked.map(({ endpoint }) => endpoint.text))
      return [...texts].flatMap((text) => {
        const same = asked.filter(({ endpoint }) => endpoint.text === text)
        const always = same.filter(({ table }) => table === undefined)
        if (same.length < 2 || always.length === 0) return []
        return [
          {
            detail: `${service.label} asks ${text} ${same.length} times: ${same.map(({ list }) => list).join(', ')}`,
            evidence: same.map(({ where }) => where),
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
  needs: ['fates'],
  judge: ({ fates }) =>
    fates
      .filter(({ service }) => /^no$/i.test(service.get('smtpd_delay_reject')))
      .flatMap((fate) =>
        distinct(fate.outside.filter(({ greylister, list }) => greylister && EARLY.has(list))).map((asked) =>
          hitOf(fate, asked, `in ${asked.list}`),
        ),
      ),
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
  needs: ['fates'],
  judge: ({ fates }) =>
    fates.flatMap((fate) =>
      distinct(
        fate.outside.filter(({ greylister, list }) => greylister && /data_restrictions$/.test(list)),
      ).map((asked) => hitOf(fate, asked, `in ${asked.list}`)),
    ),
})

export const PLACEMENT = [
  off,
  elsewhere,
  unreachable,
  ownNetworks,
  authenticated,
  tooEarly,
  tooLate,
  twice,
  monitor,
]

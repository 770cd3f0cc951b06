import { check } from '../check.js'
import type { Fate } from '../facts/fates.js'
import type { SmtpdService } from '../facts/services.js'

const CHECK =
  'greyctl_outbound = check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO, policy_context=outbound }'
const LIST = 'smtpd_recipient_restrictions'

const notAsked = check({
  id: 'outbound-not-asked',
  title: 'greyctl is to learn from the mail of own users, and Postfix does not ask about it',
  severity: 'warning',
  symptom: 'answers to own users are greylisted; the metric greyctl_correspondents_total stays at 0',
  cause:
    'permit_sasl_authenticated or permit_mynetworks ends the list before any check of greyctl, so the daemon never hears of that mail',
  look: ['grep -A5 outbound /etc/greyctl/greyctl.toml', 'postconf -P | grep restrictions'],
  remedy:
    'a check of its own, $greyctl_outbound, at the front of the list that counts where users log in: with policy_context=outbound it decides nothing (docs/expected-mail.md)',
  commands: [`postconf -e '${CHECK}'`],
  autofix: 'manual',
  needs: ['outbound', 'fates'],
  judge: ({ outbound, fates }) => {
    if (outbound === null) return []
    const logins = fates.filter(({ login }) => login)
    const places = logins.length > 0 ? logins : fates.filter(({ service }) => service.role === 'mx')
    const deaf = places.filter((fate) => fate.judged && !isAsked(fate, outbound.networks))
    return deaf.map(({ service }) => ({
      detail:
        logins.length > 0
          ? `${service.label} lets users in who logged in, and does not ask greyctl about their mail`
          : `${service.label} does not ask greyctl about mail of own networks, and no service lets users log in`,
      evidence: [
        outbound.where,
        service.where(LIST) ?? { ref: `master.cf:${service.master.line}`, text: service.label },
      ],
      affects: [service.label],
      commands: [`postconf -e '${CHECK}'`, ...intoList(service), 'postfix reload'],
    }))
  },
})

/** The greylister's own check would do, too: it learns of whoever has logged in. */
function isAsked({ user, own, login }: Fate, networks: boolean): boolean {
  const asked = [...user, ...(networks || !login ? own : [])]
  return asked.some(({ outbound, greylister }) => outbound || greylister)
}

/** postconf(1) takes no blanks in an override. Commas do as well, but not within braces: then it is an editor's work. */
function intoList({ master }: SmtpdService): readonly string[] {
  const own = master.overrides.findLast(({ name }) => name === LIST)?.value
  if (own === undefined) return [`postconf -e "${LIST} = \\$greyctl_outbound, $(postconf -h ${LIST})"`]
  if (/[{}']/.test(own)) return []
  const list = ['$greyctl_outbound', ...own.split(/[\s,]+/).filter(Boolean)].join(',')
  return [`postconf -P '${master.name}/${master.type}/${LIST}=${list}'`]
}

export const OUTBOUND = [notAsked]

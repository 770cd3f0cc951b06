import { check } from '../check.js'
import type { Facts } from '../facts.js'
import { distinct, isMx } from './uses.js'

/** Greylisters that are told to defer with another word than DEFER_IF_PERMIT. */
function hard(greylisters: Facts['greylisters']) {
  return greylisters.flatMap(({ options, where, name }) => {
    const option = options.findLast((word) => word.startsWith('--greylist-action='))
    const action = option?.replace(/^.*?=["']?/, '') ?? 'DEFER_IF_PERMIT'
    return /^defer_if_permit/i.test(action) ? [] : [{ name, where, option: option ?? '' }]
  })
}

const hardDefer = check({
  id: 'greylist-uses-hard-defer',
  title: 'the greylister puts mail off before the other rules have spoken',
  severity: 'info',
  symptom: '450 for mail that a later rule would have refused for good: its sender tries again for days',
  cause:
    'an answer of DEFER or 450 ends the list; DEFER_IF_PERMIT waits for what the rules behind it say (access(5), SMTPD_POLICY_README)',
  look: ['grep greylist-action /etc/default/greyctl /etc/default/postgrey'],
  remedy: 'take --greylist-action out: DEFER_IF_PERMIT is the default',
  autofix: 'manual',
  needs: ['greylisters'],
  judge: ({ greylisters }) =>
    hard(greylisters).map(({ name, where, option }) => ({
      detail: `${name} runs with ${option}`,
      evidence: [where],
      affects: [name],
    })),
})

const beforeRecipient = check({
  id: 'greylist-before-recipient-validation',
  title: 'mail to users that there are not is greylisted first, and refused only at the second try',
  severity: 'warning',
  symptom: '450 Greylisted, then 550 5.1.1 User unknown, for the same recipient',
  cause:
    'the greylister answers with a deferral that ends the list, and stands before what looks whether the recipient exists',
  look: ['postconf smtpd_recipient_restrictions smtpd_reject_unlisted_recipient'],
  remedy: 'put reject_unlisted_recipient before the check, or let the greylister answer DEFER_IF_PERMIT',
  autofix: 'manual',
  becauseOf: ['greylist-uses-hard-defer'],
  needs: ['greylisters', 'fates'],
  judge: ({ greylisters, fates }) => {
    const [first] = hard(greylisters)
    if (first === undefined) return []
    return fates.filter(isMx).flatMap(({ service, nobody }) =>
      distinct(nobody.filter(({ greylister, warnOnly }) => greylister && !warnOnly)).map(
        ({ endpoint, where }) => ({
          detail: `${service.label} asks ${endpoint.text} before anything looks whether the recipient exists`,
          evidence: [where, first.where],
          affects: [endpoint.text, service.label, first.name],
        }),
      ),
    )
  },
})

export const DEFERRAL = [hardDefer, beforeRecipient]

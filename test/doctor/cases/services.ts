import type { Case } from '../cases.js'
import { HEALTHY_MAIN, HEALTHY_MASTER } from '../scene.js'

const ASKS_FIRST = HEALTHY_MAIN.replace(
  'permit_mynetworks, permit_sasl_authenticated, $greyctl_check',
  '$greyctl_check',
)
const more = (entry: string, option = '') =>
  `${HEALTHY_MASTER}${entry}\n${option === '' ? '' : `  -o ${option}\n`}`
const SUBMISSION = 'submission inet n - y - - smtpd'
const REINJECT = '127.0.0.1:10025 inet n - y - - smtpd'
const OUTBOUND_FIRST = HEALTHY_MAIN.replace(
  'smtpd_recipient_restrictions = ',
  `greyctl_outbound = check_policy_service { inet:127.0.0.1:10023, default_action=DUNNO, policy_context=outbound }
smtpd_recipient_restrictions = $greyctl_outbound, `,
)
const LEARNS = { where: { ref: '/etc/greyctl/greyctl.toml:2', text: 'learn = true' }, networks: false }
const instance = { directory: '/etc/postfix-in', listens: true, asks: true }

export const SERVICE_CASES: Readonly<Record<string, readonly Case[]>> = {
  'outbound-not-asked': [
    {
      broken: { outbound: LEARNS, master: more(SUBMISSION) },
      healthy: { outbound: LEARNS, main: OUTBOUND_FIRST, master: more(SUBMISSION) },
      says: 'submission inet lets users in who logged in, and does not ask greyctl',
    },
    {
      broken: {
        outbound: LEARNS,
        main: OUTBOUND_FIRST,
        master: more(SUBMISSION, 'smtpd_recipient_restrictions=permit_sasl_authenticated,reject'),
      },
      healthy: {
        outbound: LEARNS,
        main: OUTBOUND_FIRST,
        master: more(
          SUBMISSION,
          'smtpd_recipient_restrictions=$greyctl_outbound,permit_sasl_authenticated,reject',
        ),
      },
    },
    {
      // behind what ends the list
      broken: {
        outbound: LEARNS,
        main: OUTBOUND_FIRST.replace(/= \$greyctl_outbound, (.*)/, '= $1, $greyctl_outbound'),
        more: 'smtpd_sasl_auth_enable = yes\n',
      },
      healthy: { main: HEALTHY_MAIN, more: 'smtpd_sasl_auth_enable = yes\n' },
    },
    {
      broken: { outbound: { ...LEARNS, networks: true } },
      healthy: { outbound: { ...LEARNS, networks: true }, main: OUTBOUND_FIRST },
      says: 'no service lets users log in',
    },
  ],
  'submission-inherits-greylisting': [
    {
      broken: { main: ASKS_FIRST, master: more(SUBMISSION) },
      healthy: {
        main: ASKS_FIRST,
        master: more(SUBMISSION, 'smtpd_recipient_restrictions=permit_sasl_authenticated,reject'),
      },
      says: 'submission inet asks inet:127.0.0.1:10023',
    },
    {
      broken: { main: ASKS_FIRST, master: more('[::1]:submissions inet n - y - - smtpd') },
      healthy: { master: more(SUBMISSION) },
    },
  ],
  'master-override-disables-greylisting': [
    {
      broken: {
        master:
          'smtp inet n - y - - smtpd\n  -o smtpd_recipient_restrictions=permit_mynetworks,reject_unlisted_recipient\n',
      },
      healthy: {
        master:
          'smtp inet n - y - - smtpd\n  -o smtpd_recipient_restrictions=permit_mynetworks,$greyctl_check\n',
      },
      says: 'in which no greylister is asked',
    },
  ],
  'reinjection-port-greylisted': [
    {
      broken: { main: ASKS_FIRST, master: more(REINJECT) },
      healthy: {
        main: ASKS_FIRST,
        master: more(REINJECT, 'smtpd_recipient_restrictions=permit_mynetworks,reject'),
      },
    },
  ],
  'wrong-config-dir': [
    {
      broken: { master: 'pickup unix n - y 60 1 pickup\n', instances: [instance] },
      healthy: { instances: [instance] },
      says: 'this instance takes no mail from the network',
    },
    {
      broken: { instances: [{ ...instance, asks: false }] },
      healthy: { instances: [{ ...instance, listens: false, asks: false }] },
    },
  ],
}

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
const instance = { directory: '/etc/postfix-in', listens: true, asks: true }

export const SERVICE_CASES: Readonly<Record<string, readonly Case[]>> = {
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

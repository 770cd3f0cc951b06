import type { Case } from '../cases.js'
import { HEALTHY_MAIN, HEALTHY_MASTER, sign } from '../scene.js'

const LIST = 'permit_mynetworks, permit_sasl_authenticated, $greyctl_check'
const list = (value: string, more = '') => ({ main: HEALTHY_MAIN.replace(LIST, value) + more })
const service = (value: string) => ({ main: HEALTHY_MAIN.replace(/\{ inet.*\}/, value) })
const NO_RELAY = 'smtpd_relay_restrictions =\n'
const SASL = 'smtpd_sasl_auth_enable = yes\n'
const postconf = (level: string) => ({
  postconf: {
    values: new Map([
      ['mail_version', '3.7.11'],
      ['compatibility_level', level],
    ]),
    warnings: [],
    fatal: undefined,
  },
})
const classes = (definition: string) => `smtpd_restriction_classes = grey\n${definition}`

export const LIST_CASES: Readonly<Record<string, readonly Case[]>> = {
  'greylisting-off': [
    {
      broken: list('permit_mynetworks'),
      healthy: list('permit_mynetworks, check_policy_service inet:127.0.0.1:7777'),
      says: 'smtp inet asks no greylister',
    },
    {
      broken: list('permit_mynetworks, check_policy_service unix:private/policyd-spf'),
      healthy: list('permit_mynetworks', 'smtpd_milters = inet:localhost:11332\n'),
    },
    {
      broken: {
        main: HEALTHY_MAIN,
        master: HEALTHY_MASTER.replace(
          'smtpd',
          'smtpd\n  -o smtpd_recipient_restrictions=reject_unlisted_recipient',
        ),
      },
      healthy: list(
        'check_client_access regexp:/etc/postfix/clients',
        classes('grey = check_policy_service inet:127.0.0.1:10023\n'),
      ),
    },
  ],
  'policy-unreachable-after-permit': [
    {
      broken: list('permit_mynetworks, permit_auth_destination, $greyctl_check'),
      healthy: list('permit_mynetworks, warn_if_reject reject, $greyctl_check'),
      says: '"permit_auth_destination" comes before',
    },
    { broken: list('permit, $greyctl_check'), healthy: list('$greyctl_check, permit') },
  ],
  'no-relay-guard': [
    {
      broken: list(LIST, NO_RELAY),
      healthy: list(`${LIST}, reject_unauth_destination`, NO_RELAY),
      says: 'smtp inet has no relay guard',
    },
    { broken: list('permit, reject_unauth_destination', NO_RELAY), healthy: {} },
  ],
  'policy-before-reject-unauth-destination': [
    {
      broken: list(`${LIST}, reject_unauth_destination`, NO_RELAY),
      healthy: list('permit_mynetworks, reject_unauth_destination, $greyctl_check', NO_RELAY),
    },
  ],
  'policy-before-permit-mynetworks': [
    {
      broken: list('$greyctl_check, permit_mynetworks'),
      healthy: list('warn_if_reject $greyctl_check, permit_mynetworks'),
    },
  ],
  'policy-before-permit-sasl': [
    {
      broken: list('permit_mynetworks, $greyctl_check, permit_sasl_authenticated', SASL),
      healthy: list('permit_mynetworks, $greyctl_check'),
    },
  ],
  'policy-in-client-or-helo-with-delay-reject-no': [
    {
      broken: { more: 'smtpd_client_restrictions = $greyctl_check\nsmtpd_delay_reject = no\n' },
      healthy: { more: 'smtpd_client_restrictions = $greyctl_check\n' },
    },
  ],
  'policy-in-data-or-eod': [
    {
      broken: { more: 'smtpd_data_restrictions = $greyctl_check\n' },
      healthy: { more: 'smtpd_data_restrictions = reject_unauth_pipelining\n' },
    },
  ],
  'policy-asked-twice': [
    {
      broken: { more: 'smtpd_sender_restrictions = $greyctl_check\n' },
      healthy: {},
      says: '2 times: smtpd_sender_restrictions, smtpd_recipient_restrictions',
    },
  ],
  'relay-vs-recipient-order': [
    {
      broken: { more: 'smtpd_relay_before_recipient_restrictions = no\n' },
      healthy: list(
        'permit_mynetworks, reject_unauth_destination, $greyctl_check',
        'smtpd_relay_before_recipient_restrictions = no\n',
      ),
    },
  ],
  'warn-if-reject-prefix': [
    {
      broken: list(`permit_mynetworks, warn_if_reject $greyctl_check`),
      healthy: list('warn_if_reject reject_unlisted_recipient, $greyctl_check'),
    },
  ],
  'unknown-restriction': [
    {
      broken: list('permit_mynetwork, $greyctl_check'),
      healthy: list('PERMIT_MYNETWORKS, $greyctl_check'),
      says: '"permit_mynetwork"',
    },
  ],
  'restriction-class-undeclared': [
    {
      broken: list(`${LIST}, grey`, 'grey = check_policy_service inet:127.0.0.1:10023\n'),
      healthy: list(`${LIST}, grey`, classes('grey = check_policy_service inet:127.0.0.1:10023\n')),
      says: 'uses grey, which',
    },
  ],
  'restriction-class-undefined': [
    {
      broken: { more: classes('') },
      healthy: { more: classes('grey = reject_unlisted_recipient\n') },
      says: 'grey has no definition',
    },
    { broken: { more: classes('grey =\n') }, healthy: {} },
  ],
  'restriction-class-recursion-or-dup': [
    {
      broken: { more: classes('grey = permit_mynetworks, grey\n') },
      healthy: { more: classes('grey = permit_mynetworks\n') },
    },
  ],
  'check-policy-missing-argument': [
    {
      broken: list('permit_mynetworks, check_policy_service'),
      healthy: {},
      says: 'ends with check_policy_service',
    },
    {
      broken: list('check_policy_service permit_mynetworks'),
      healthy: {},
      says: 'is followed by permit_mynetworks',
    },
  ],
  'policy-bad-transport': [
    {
      broken: list('permit_mynetworks, check_policy_service tcp:127.0.0.1:10023'),
      healthy: list('check_policy_service local:private/grey'),
    },
    {
      broken: list('permit_mynetworks, check_policy_service inet:'),
      healthy: {},
      says: '"inet:" is no policy server',
    },
  ],
  'policy-brace-syntax': [
    {
      broken: service('{ inet:127.0.0.1:10023, default-action=DUNNO }'),
      healthy: service('{ inet:127.0.0.1:10023, { default_action = 451 4.3.5 later }, policy_context=mx }'),
      says: '"default-action=DUNNO" is no item',
    },
    { broken: service('{ }'), healthy: {} },
  ],
  'bare-table-without-check': [
    {
      broken: { more: 'smtpd_data_restrictions = hash:/etc/postfix/access\n' },
      healthy: { more: 'smtpd_sender_restrictions = hash:/etc/postfix/access\n' },
    },
  ],
  'removed-restriction': [
    { broken: list('permit_mx_backup, $greyctl_check'), healthy: list('permit_mynetworks, $greyctl_check') },
  ],
  'lookup-table-inside-access-map': [
    {
      broken: sign('access-table-inside', 'warning: access table x has entry with lookup table: y'),
      healthy: sign('throttled', 'x'),
    },
  ],
  'policy-timeout-too-long': [
    {
      broken: list('permit_mynetworks, check_policy_service inet:127.0.0.1:10023'),
      healthy: {},
      says: 'timeout 100 s',
    },
    { broken: service('{ inet:127.0.0.1:10023, timeout=90s, default_action=DUNNO }'), healthy: {} },
  ],
  'compat-level-0': [
    { broken: postconf('0'), healthy: postconf('3.6') },
    { broken: postconf(''), healthy: {} },
  ],
}

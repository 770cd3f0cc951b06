import type { Case } from '../cases.js'
import { greylister, HEALTHY_MAIN, HEALTHY_MASTER, sign, texts } from '../scene.js'

const LIST = 'permit_mynetworks, permit_sasl_authenticated, $greyctl_check'
const list = (value: string, more = '') => ({ main: HEALTHY_MAIN.replace(LIST, value) + more })
const service = (value: string) => ({ main: HEALTHY_MAIN.replace(/\{ inet.*\}/, value) })
const NO_RELAY = 'smtpd_relay_restrictions =\n'
/** Another relay list; empty: the recipient list guards, with a table of senders in front of the guard. */
const relay = (value: string) => ({
  main:
    value === ''
      ? HEALTHY_MAIN.replace(/smtpd_relay_restrictions = .*/, 'smtpd_relay_restrictions =').replace(
          LIST,
          `permit_mynetworks, check_sender_access hash:/etc/postfix/senders, reject_unauth_destination, $greyctl_check`,
        )
      : HEALTHY_MAIN.replace(/smtpd_relay_restrictions = .*/, `smtpd_relay_restrictions = ${value}, reject`),
})
const senders = (text: string) => ({
  ...texts({ 'hash:/etc/postfix/senders': text }),
  ...list(`permit_mynetworks, check_sender_access hash:/etc/postfix/senders, $greyctl_check`),
})
const CLASS = 'smtpd_restriction_classes = grey\ngrey = check_policy_service inet:127.0.0.1:10023\n'
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
      broken: {
        ...list('check_client_access regexp:/etc/postfix/all, $greyctl_check'),
        ...texts({ 'regexp:/etc/postfix/all': '/./ OK\n' }),
      },
      // servers by their names are let in; lines of households, and who has no name, are asked about
      healthy: {
        ...list('check_client_access regexp:/etc/postfix/all, $greyctl_check'),
        ...texts({ 'regexp:/etc/postfix/all': '/^(mail|mx|smtp)/ OK\n' }),
      },
    },
    {
      // postconf(5): it permits what this host is the destination of, too
      broken: list('permit_mynetworks, permit_mx_backup, $greyctl_check'),
      healthy: list('permit_mynetworks, $greyctl_check, permit_mx_backup'),
    },
    {
      // a table that permits everybody
      broken: {
        ...list('check_client_access regexp:/etc/postfix/all, $greyctl_check'),
        ...texts({ 'regexp:/etc/postfix/all': '/./ OK\n' }),
      },
      healthy: {
        ...list('check_client_access regexp:/etc/postfix/all, $greyctl_check'),
        ...texts({ 'regexp:/etc/postfix/all': '/\\.partner\\.example$/ OK\n' }),
      },
      says: 'decides about every mail',
    },
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
  'open-relay': [
    {
      // smtpd does not look behind the permit of a class when it starts
      broken: {
        main: `${relay('permit_mynetworks, all').main}smtpd_restriction_classes = all\nall = permit\n`,
      },
      healthy: {
        main: `${relay('reject_unauth_destination, all').main}smtpd_restriction_classes = all\nall = permit\n`,
      },
      says: 'smtp inet takes mail of a stranger for a domain elsewhere',
    },
    { broken: relay('check_client_access static:OK, reject_unauth_destination'), healthy: {} },
    {
      broken: { main: HEALTHY_MAIN.replace('127.0.0.0/8', '0.0.0.0/0') },
      healthy: { main: HEALTHY_MAIN.replace('127.0.0.0/8', 'hash:/etc/postfix/networks') },
    },
  ],
  'access-map-ok-in-recipient': [
    {
      broken: { ...senders('a@partner.example OK\n'), ...relay('') },
      healthy: { ...senders('a@partner.example DUNNO\nb@partner.example REJECT\n'), ...relay('') },
      says: 'OK of hash:/etc/postfix/senders lets whoever matches it send anywhere',
    },
    // the relay list guards
    {
      broken: { ...senders('partner.example 1\n'), ...relay('') },
      healthy: senders('a@partner.example OK\n'),
    },
    {
      broken: sign('ok-forbidden', 'warning: restriction check_sender_mx_access returns OK for x'),
      healthy: texts({ 'cidr:/etc/postfix/mx': '192.0.2.0/24 OK\n' }),
    },
    {
      broken: {
        ...texts({ 'cidr:/etc/postfix/mx': '192.0.2.0/24 OK\n' }),
        more: 'smtpd_sender_restrictions = check_sender_mx_access cidr:/etc/postfix/mx\n',
      },
      healthy: {
        ...texts({ 'cidr:/etc/postfix/mx': '192.0.2.0/24 REJECT\n' }),
        more: 'smtpd_sender_restrictions = check_sender_mx_access cidr:/etc/postfix/mx\n',
      },
      says: 'check_sender_mx_access may not say OK',
    },
  ],
  'greylisting-disabled-but-still-450': [
    {
      broken: {
        ...list('permit_mynetworks'),
        ...sign('deferred-elsewhere', '450 4.7.25 Client host rejected'),
      },
      healthy: sign('deferred-elsewhere', '450 4.7.25 Client host rejected'),
      says: 'the log has 3 deferrals',
    },
  ],
  'greylist-uses-hard-defer': [
    {
      broken: { greylisters: [greylister({ options: ['--greylist-action=DEFER'] })] },
      healthy: { greylisters: [greylister({ options: ['--greylist-action=defer_if_permit'] })] },
      says: '--greylist-action=DEFER',
    },
  ],
  'greylist-before-recipient-validation': [
    {
      broken: { greylisters: [greylister({ options: ['--greylist-action=450'] })] },
      healthy: {
        greylisters: [greylister({ options: ['--greylist-action=450'] })],
        ...list('permit_mynetworks, permit_sasl_authenticated, reject_unlisted_recipient, $greyctl_check'),
      },
      says: 'before anything looks whether the recipient exists',
    },
    { broken: { greylisters: [greylister({ options: ['--greylist-action=450'] })] }, healthy: {} },
  ],
  'policy-before-reject-unauth-destination': [
    {
      broken: list(`${LIST}, reject_unauth_destination`, NO_RELAY),
      healthy: list('permit_mynetworks, reject_unauth_destination, $greyctl_check', NO_RELAY),
    },
  ],
  'policy-before-permit-mynetworks': [
    {
      // what DNS says of an ordinary mail changes nothing
      broken: list(
        'reject_unknown_sender_domain, reject_rbl_client zen.example, $greyctl_check, permit_mynetworks',
      ),
      healthy: list(
        'reject_unknown_sender_domain, permit_mynetworks, reject_rbl_client zen.example, $greyctl_check',
      ),
    },
    {
      // the class that permits stands behind; in front it does its work
      broken: list('$greyctl_check, own', 'smtpd_restriction_classes = own\nown = permit_mynetworks\n'),
      healthy: list('own, $greyctl_check', 'smtpd_restriction_classes = own\nown = permit_mynetworks\n'),
    },
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
      // through a class
      broken: {
        more: 'smtpd_restriction_classes = grey\ngrey = permit_mynetworks, $greyctl_check\nsmtpd_sender_restrictions = grey\n',
      },
      // two tables may name the class, and each mail meets one of them
      healthy: {
        ...list(
          'check_client_access regexp:/etc/postfix/a, check_sender_access regexp:/etc/postfix/b',
          CLASS,
        ),
        ...texts({ 'regexp:/etc/postfix/a': '/^dhcp/ grey\n', 'regexp:/etc/postfix/b': '/^x@/ grey\n' }),
      },
    },
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

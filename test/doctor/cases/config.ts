import type { Case } from '../cases.js'
import { HEALTHY_MAIN, HEALTHY_MASTER, NOW, stat } from '../scene.js'

const warning = (...warnings: string[]) => ({ postconf: { values: new Map(), warnings, fatal: undefined } })
const own = (path: string, changes: Parameters<typeof stat>[0]) => ({
  configFiles: [{ path, stat: stat({ kind: 'file', mode: 0o644, ...changes }) }],
})
const submission = (option: string) => `${HEALTHY_MASTER}submission inet n - y - - smtpd\n  ${option}\n`

export const CONFIG_CASES: Readonly<Record<string, readonly Case[]>> = {
  'broken-continuation-nonindented': [
    {
      broken: { more: 'smtpd_sender_restrictions = permit_mynetworks,\nreject_unknown_sender_domain\n' },
      healthy: {
        more: 'smtpd_sender_restrictions = permit_mynetworks,\n# a comment\n\n reject_unknown_sender_domain\n',
      },
      says: 'line 11',
    },
    {
      broken: { more: '\n{% if main_domain %}\nmyorigin = {{ main_domain }}\n{% endif %}\n' },
      healthy: {},
      says: 'line 11: a directive of a template, which Postfix cannot read; 1 more line like it',
    },
  ],
  'postconf-fatal': [
    {
      broken: {
        postconf: { values: new Map(), warnings: [], fatal: 'open /etc/postfix/main.cf: Permission denied' },
      },
      healthy: warning('undefined parameter: x'),
    },
  ],
  'duplicate-parameter': [
    {
      broken: { more: 'smtpd_recipient_restrictions = permit_mynetworks, reject\n' },
      healthy: { more: '#smtpd_recipient_restrictions = permit_mynetworks, reject\n' },
      says: 'on lines 9 and 10; line 10 counts',
    },
    { broken: { more: 'mynetworks = 127.0.0.0/8\n' }, healthy: {}, says: 'twice to the same value' },
  ],
  'leading-whitespace-swallowed': [
    {
      broken: { more: ' smtpd_delay_reject = no\n' },
      healthy: { more: ' own_word = x\n' },
      says: 'line 10 starts with a blank',
    },
    {
      broken: { main: `  mynetworks = 10.0.0.0/8\n${HEALTHY_MAIN}` },
      healthy: { more: 'smtpd_delay_reject\n  = yes\n' },
      says: 'ignores it',
    },
  ],
  'inline-comment-in-value': [
    {
      broken: { more: 'smtpd_sender_restrictions = permit_mynetworks # our own\n' },
      healthy: {
        more: 'smtpd_banner = $myhostname a#b\nsmtpd_sender_restrictions =\n  # our own\n  permit_mynetworks\n',
      },
      says: 'smtpd_sender_restrictions holds "#"',
    },
  ],
  'undefined-name': [
    {
      broken: { ...warning('/etc/postfix/main.cf: undefined parameter: my_lists'), more: 'x = $my_lists\n' },
      healthy: warning('something else'),
    },
  ],
  'policy-only-in-inactive-list': [
    {
      broken: {
        ...warning('/etc/postfix/main.cf: unused parameter: smtpd_recipient_restriction=check'),
        more: 'smtpd_recipient_restriction = check\n',
      },
      healthy: {
        ...warning('/etc/postfix/main.cf: unused parameter: my_own_note=1'),
        more: 'my_own_note = 1\n',
      },
      says: 'do you mean smtpd_recipient_restrictions?',
    },
  ],
  'crlf-or-bom': [
    { broken: { main: HEALTHY_MAIN.replaceAll('\n', '\r\n') }, healthy: {}, says: 'CR LF' },
    { broken: { main: `\u00ef\u00bb\u00bf${HEALTHY_MAIN}` }, healthy: {}, says: 'byte order mark' },
  ],
  'master-o-whitespace': [
    {
      broken: { master: submission('-o smtpd_recipient_restrictions=permit_sasl_authenticated, reject') },
      healthy: {
        master: submission(
          '-o smtpd_recipient_restrictions=permit_sasl_authenticated,reject -v -o { smtpd_banner = a b }',
        ),
      },
      says: '"reject" is left over',
    },
  ],
  'master-duplicate-service': [
    {
      broken: { master: `${HEALTHY_MASTER}smtp inet n - n - - smtpd\n` },
      healthy: { master: `${HEALTHY_MASTER}smtp unix - - y - - smtp\n` },
    },
  ],
  'master-line-not-indented': [
    {
      broken: { master: `${HEALTHY_MASTER}submission inet n - y - - smtpd\n-o smtpd_banner=x\n` },
      healthy: { master: submission('-o smtpd_banner=x') },
      says: 'line 5: 2 fields',
    },
    {
      broken: { master: `${HEALTHY_MASTER} submission inet n - y - - smtpd\n` },
      healthy: {},
      says: 'looks like a service',
    },
  ],
  'master-unknown-override': [
    {
      broken: { master: submission('-o smtpd_recipient_restriction=reject') },
      healthy: { master: submission('-o own_list=reject -o smtpd_client_restrictions=$own_list') },
      says: 'nothing reads smtpd_recipient_restriction',
    },
  ],
  'config-not-reloaded': [
    {
      broken: { reread: { at: NOW - 9000, how: 'was reloaded', evidence: { ref: 'log', text: 'reload' } } },
      healthy: { reread: null },
      says: 'after Postfix was reloaded',
    },
    {
      broken: { mainCf: { modified: NOW + 600 } },
      healthy: { mainCf: { modified: NOW - 3600 } },
      says: /^\/etc\/postfix\/main\.cf is dated 600 s in the future/,
    },
  ],
  'main-cf-permissions': [
    {
      broken: own('/etc/postfix/main.cf', { uid: 1000 }),
      healthy: own('/etc/postfix/secret', { mode: 0o600 }),
      says: 'does not belong to root',
    },
    { broken: own('/etc/postfix/x', { mode: 0o664 }), healthy: {}, says: 'written by others' },
  ],
  'config-unreadable-to-mail-owner': [
    {
      broken: own('/etc/postfix/main.cf', { mode: 0o600 }),
      healthy: own('/etc/postfix/main.cf', { mode: 0o640, gid: 102 }),
    },
  ],
  'config-overwritten-by-manager': [
    {
      broken: { main: `# Ansible managed\n${HEALTHY_MAIN}` },
      healthy: { main: `# managed by me, Ansible is for others\n${HEALTHY_MAIN}` },
    },
    {
      broken: {
        platform: {
          systemd: true,
          container: undefined,
          manager: { name: 'Plesk', place: 'its panel', sign: '/usr/local/psa/version' },
        },
      },
      healthy: {},
      says: 'Plesk writes it',
    },
  ],
}

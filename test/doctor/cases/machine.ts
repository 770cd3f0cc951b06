import type { Case } from '../cases.js'
import {
  file,
  greylister,
  HEALTHY_MAIN,
  HEALTHY_MASTER,
  log,
  NOW,
  process,
  sign,
  stamps,
  stat,
  unit,
} from '../scene.js'

const connects = (total: number, unknown: number, address = '203.0.113.9') => ({
  log: log({ connects: { total, unknown, addresses: new Map([[address, total]]) } }),
})
const values = (mynetworks: string) => ({
  postconf: { values: new Map([['mynetworks', mynetworks]]), warnings: [], fatal: undefined },
  main: HEALTHY_MAIN.replace('127.0.0.0/8', mynetworks),
})
const list = (text: string) => ({
  whitelists: [{ ...file('/etc/greyctl/whitelist_clients.local', text), owner: 'greyctl' as const }],
})
const resolv = (inside: string) => ({
  resolver: [
    {
      outside: file('/etc/resolv.conf', 'nameserver 192.0.2.1\n'),
      inside: file('/var/spool/postfix/etc/resolv.conf', inside),
      insidePath: '/var/spool/postfix/etc/resolv.conf',
    },
  ],
})
const place = (changes: { uid?: number; free?: number; freeInodes?: number; type?: string }) => ({
  accounts: new Map([['greyctl', 997]]),
  stores: [
    {
      owner: 'greyctl' as const,
      path: '/var/lib/greyctl/store',
      stat: stat({ uid: changes.uid ?? 997, mode: 0o700 }),
      files: [],
      free: changes.free ?? 1e10,
      freeInodes: changes.freeInodes,
      mount: { point: '/', type: changes.type ?? 'ext4' },
    },
  ],
})
const database = (damage: string | undefined) => ({
  stores: [
    {
      owner: 'postgrey' as const,
      path: '/var/lib/postgrey',
      stat: stat({}),
      files: [{ path: '/var/lib/postgrey/postgrey.db', stat: stat({ kind: 'file' }), damage }],
      free: 1e10,
      freeInodes: undefined,
      mount: undefined,
    },
  ],
})
const IN_CONTAINER = { systemd: false, container: '/.dockerenv', manager: undefined }
const old = (path: string, years: number) => ({
  whitelists: [{ ...file(path, '', { modified: NOW - years * 365 * 86_400 }), owner: 'postgrey' as const }],
})
const POSTSCREEN = HEALTHY_MASTER.replace(
  /smtp .*smtpd/,
  'smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd',
)
const BARE_NEWLINE = 'postscreen_bare_newline_enable'
const jail = {
  fail2ban: { jail: { ref: '/etc/fail2ban/jail.local:3', text: 'enabled = true' }, journalMatches: [] },
}
const reply = (text: string) =>
  log({
    greylistReject: {
      ref: 'log:1',
      text: `NOQUEUE: reject: RCPT from x: 450 4.2.0 <a>: Recipient address rejected: ${text}`,
    },
  })
const withCheck = (value: string) => ({ main: HEALTHY_MAIN.replace('default_action=DUNNO', value) })
const kernel = (changes: object) => ({ kernel: { outOfMemory: [], selinux: [], apparmor: [], ...changes } })
const signs = (id: Parameters<typeof sign>[0], text: string): Case => ({
  broken: sign(id, text),
  healthy: { log: log({}) },
  says: 'the log says so 3 times',
})

export const MACHINE_CASES: Readonly<Record<string, readonly Case[]>> = {
  'chroot-resolver-differs': [
    { broken: resolv('nameserver 192.0.2.2\n'), healthy: resolv('nameserver 192.0.2.1\n') },
    { broken: resolv(''), healthy: { ...resolv(''), master: 'smtp inet n - n - - smtpd\n' } },
  ],
  'all-clients-unknown': [
    { broken: connects(100, 98), healthy: connects(40, 40), says: '98 of 100' },
    {
      broken: { more: 'smtpd_peername_lookup = no\n' },
      healthy: connects(100, 60),
      says: 'no client has a name',
    },
  ],
  'client-is-proxy-ip': [
    {
      broken: connects(100, 100, '172.17.0.1'),
      healthy: connects(100, 100, '203.0.113.9'),
      says: '100 of 100 connections came from 172.17.0.1',
    },
  ],
  'mynetworks-too-wide': [
    {
      broken: values('0.0.0.0/0'),
      healthy: values('127.0.0.0/8 10.0.0.0/8 [2001:db8::]/32'),
      says: 'holds 0.0.0.0/0',
    },
    { broken: values('127.0.0.0/8 [::]/0'), healthy: {} },
    {
      broken: { main: HEALTHY_MAIN.replace('mynetworks = 127.0.0.0/8', 'mynetworks_style = class') },
      healthy: { more: 'mynetworks_style = class\n' },
    },
  ],
  'whitelist-ignored': [
    {
      broken: list('example.org\n*.example.net\n'),
      healthy: list('# *.example.net\nexample.org\n/^mx@/\n'),
      says: 'begins with a star',
    },
    { broken: list('boss@example.net\n'), healthy: {}, says: 'is a mail address' },
  ],
  'whitelist-too-broad': [
    {
      broken: list('example.org\nco.uk\n'),
      healthy: list('# co.uk\nexample.co.uk\n192.0.2.0/24\n/\\.example\\.org$/\n'),
      says: 'co.uk: a public suffix',
    },
    { broken: list('0.0.0.0/0\n'), healthy: list('192.0.0.0/16\n'), says: '0.0.0.0/0' },
    { broken: list('/mail/\n'), healthy: {}, says: '/mail/' },
  ],
  'mail-rejected-not-deferred': [
    {
      broken: { more: 'access_map_defer_code = 550\n' },
      healthy: { more: 'access_map_defer_code = 451\n' },
      says: 'access_map_defer_code is 550',
    },
    {
      broken: withCheck('default_action=REJECT'),
      healthy: withCheck('default_action=DUNNO'),
      says: 'default_action=REJECT',
    },
  ],
  'fail2ban-bans-greylisted': [
    {
      broken: { ...jail, log: reply('Service unavailable, come back') },
      healthy: { ...jail, log: reply('Greylisted, come back') },
    },
    {
      broken: { ...jail, greylisters: [greylister({ written: '--greylist-text="Service unavailable"' })] },
      healthy: { greylisters: [greylister({ written: '--greylist-text="Service unavailable"' })] },
    },
  ],
  'postscreen-in-front': [
    {
      broken: { master: POSTSCREEN, more: 'postscreen_bare_newline_enable = yes\n' },
      healthy: { master: POSTSCREEN, more: 'postscreen_greet_action = enforce\n' },
      says: 'postscreen_bare_newline_enable is on',
    },
    {
      broken: { master: POSTSCREEN.replace('postscreen\n', `postscreen\n  -o ${BARE_NEWLINE}=yes\n`) },
      healthy: {
        master: POSTSCREEN.replace('postscreen\n', `postscreen\n  -o ${BARE_NEWLINE}=no\n`),
        more: `${BARE_NEWLINE} = yes\n`,
      },
      says: 'postscreen_bare_newline_enable is on',
    },
    {
      // nobody behind it asks a greylister
      broken: { master: POSTSCREEN, more: `${BARE_NEWLINE} = yes\n` },
      healthy: {
        master: POSTSCREEN.replace(
          '- smtpd\n',
          '- smtpd\n  -o smtpd_recipient_restrictions=permit_mynetworks\n',
        ),
        more: `${BARE_NEWLINE} = yes\n`,
      },
    },
  ],
  'soft-bounce': [{ broken: { more: 'soft_bounce = yes\n' }, healthy: { more: 'soft_bounce = no\n' } }],
  'callout-verification-loop': [
    {
      broken: { more: 'smtpd_sender_restrictions = reject_unverified_sender\n' },
      healthy: { more: 'smtpd_sender_restrictions = reject_unknown_sender_domain\n' },
    },
  ],
  'outdated-whitelist': [
    {
      broken: {
        ...old('/etc/postgrey/whitelist_clients', 7),
        processes: [process({ name: 'postgrey' }), process({})],
      },
      healthy: old('/etc/postgrey/whitelist_clients', 7),
      says: '7 years ago',
    },
  ],
  'db-permission': [
    {
      broken: place({ uid: 0 }),
      healthy: place({}),
      says: '/var/lib/greyctl/store does not belong to greyctl',
    },
  ],
  'disk-full': [
    { broken: place({ free: 5e6 }), healthy: place({ free: 5e8 }), says: '4.8 MiB are free' },
    { broken: place({ freeInodes: 3 }), healthy: place({ freeInodes: 90_000 }), says: '3 inodes are free' },
  ],
  'db-on-volume': [
    {
      broken: { ...place({ type: 'overlay' }), platform: IN_CONTAINER },
      healthy: place({ type: 'overlay' }),
      says: '/var/lib/greyctl/store lies on the overlay at /',
    },
    {
      broken: { ...place({ type: 'tmpfs' }), platform: IN_CONTAINER },
      healthy: { ...place({}), platform: IN_CONTAINER },
    },
  ],
  'db-corrupt': [
    signs('store-corrupt', "ERROR: can't create DB environment: x"),
    {
      broken: database('is no Berkeley DB file'),
      healthy: database(undefined),
      says: '/var/lib/postgrey/postgrey.db is no Berkeley DB file',
    },
  ],
  'bdb-version-upgrade': [
    signs('store-version', "Program version 5.3 doesn't match environment version 5.1"),
  ],
  'db-unavailable-sql': [signs('store-sql', "dbaccess: can't connect to DB: x")],
  'shared-store-unavailable': [
    signs(
      'store-alone',
      'warning: valkey://mx-store:6379 cannot be used (no answer within 100 ms): this host remembers alone until it can',
    ),
  ],
  'fd-limit': [signs('too-many-files', 'EMFILE: too many open files')],
  'systemd-sandbox': [signs('read-only', 'EROFS: read-only file system')],
  'clock-jump': [
    signs('clock-back', 'correcting date for first seen in the future!'),
    { broken: { log: log({ newest: NOW + 9000 }) }, healthy: {}, says: '9000 s in the future' },
    {
      broken: { log: log({ stamps: stamps({ backwards: { ref: 'log:2', text: 'x' } }) }) },
      healthy: {},
      says: 'go back',
    },
  ],
  'out-of-memory': [
    {
      broken: kernel({ outOfMemory: ['Out of memory: Killed process 7 (node)'] }),
      healthy: kernel({ selinux: ['x'] }),
    },
  ],
  'selinux-denied': [
    {
      broken: kernel({ selinux: ['avc:  denied  { connectto } for comm="smtpd"'] }),
      healthy: kernel({ apparmor: ['x'] }),
    },
  ],
  'apparmor-denied': [
    {
      broken: kernel({ apparmor: ['apparmor="DENIED" comm="smtpd"'] }),
      healthy: kernel({ outOfMemory: ['x'] }),
    },
  ],
  'smtpd-does-not-start': [
    signs('throttled', 'warning: /usr/lib/postfix/sbin/smtpd: bad command startup -- throttling'),
    {
      ...signs('throttled', 'warning: /usr/lib/postfix/sbin/local: bad command startup -- throttling'),
      says: 'master says that local does not start',
    },
  ],
  'restrictions-not-evaluated': [
    signs('server-error', 'NOQUEUE: reject: RCPT from x: 451 4.3.5 Server configuration error'),
  ],
  'policy-server-unreachable': [
    signs('policy-unreachable', 'warning: problem talking to server 127.0.0.1:10023: Success'),
  ],
  'journald-rate-limit': [{ broken: { log: log({ suppressed: 7124 }) }, healthy: {}, says: '7124 messages' }],
  'template-without-timestamp': [
    {
      broken: { log: log({ stamps: stamps({ none: 3000 }) }) },
      healthy: { log: log({ lines: 4, stamps: stamps({ none: 4 }) }) },
    },
  ],
  'maillog-file-in-use': [
    {
      broken: { more: 'maillog_file = /var/log/postfix.log\n' },
      healthy: {
        more: 'maillog_file = /var/log/postfix.log\n',
        master: `${HEALTHY_MASTER}postlog unix-dgram n - n - 1 postlogd\n`,
      },
    },
  ],
  'chroot-dev-log-lost': [
    {
      broken: {
        units: [unit({ name: 'rsyslog.service' })],
        devLog: { path: '/var/spool/postfix/dev/log', there: false },
      },
      healthy: { units: [unit({ name: 'rsyslog.service' })] },
    },
  ],
}

import type { Case } from '../cases.js'
import { log, MASTER, NOW, process, stamps, unit } from '../scene.js'

const FILE = { path: '/var/log/mail.log', size: 9000, readable: true, rotated: false }
const places = (changes: object) => ({
  logPlaces: { files: [FILE], journal: 'there' as const, readers: [], ...changes },
})
const hours = (forward: number, back: number) => ({
  log: log({ stamps: stamps({ hours: { forward, back, example: { ref: 'log:7', text: 'x' } } }) }),
})
const months = (count: number, none: number) => ({
  log: log({
    stamps: stamps({ none, foreign: { count, example: { ref: 'log:1', text: 'Απρ 15 12:20:28 mx x' } } }),
  }),
})
const filter = (text: string) => ({
  ...places({ files: [] }),
  fail2ban: {
    jail: { ref: '/etc/fail2ban/jail.local:2', text: 'enabled = true' },
    journalMatches: [{ ref: '/etc/fail2ban/filter.d/postfix.conf:80', text }],
  },
})
const since = (seconds: number) => ({
  log: log({ first: NOW - 7200 }),
  processes: [process({}), { ...MASTER, started: NOW - seconds }],
})

export const LOG_CASES: Readonly<Record<string, readonly Case[]>> = {
  'locale-month-names': [
    { broken: months(40, 40), healthy: months(1, 1), says: '40 of 4000 lines; greyctl cannot read' },
    { broken: months(40, 0), healthy: {}, says: 'greyctl reads them, other tools do not' },
  ],
  'syslog-tz-mismatch': [{ broken: hours(9, 8), healthy: hours(9, 1), says: '8 times one program' }],
  'rfc3339-timestamps': [
    {
      broken: places({ readers: ['/usr/bin/postgreyreport'] }),
      healthy: {
        ...places({ readers: ['/usr/bin/postgreyreport'] }),
        log: log({ stamps: stamps({ iso: 0 }) }),
      },
      says: '4000 of 4000 lines',
    },
  ],
  'no-mail-log-file': [
    {
      broken: places({ files: [], journal: 'missing' }),
      healthy: places({ files: [], journal: 'there' }),
      says: 'neither a mail log below /var/log nor a journal',
    },
    {
      broken: places({ files: [{ ...FILE, size: 0 }], journal: 'empty' }),
      healthy: { ...places({ files: [], journal: 'missing' }), processes: [] },
    },
  ],
  'log-unreadable': [
    {
      broken: places({ files: [{ ...FILE, readable: false }] }),
      healthy: places({
        files: [FILE, { ...FILE, path: '/var/log/mail.log.1', readable: false, rotated: true }],
      }),
      says: '/var/log/mail.log cannot be read',
    },
  ],
  'wrong-journal-unit': [
    {
      broken: filter('journalmatch = _SYSTEMD_UNIT=postfix.service'),
      healthy: filter('journalmatch = _SYSTEMD_UNIT=postfix@-.service'),
    },
    {
      broken: filter('journalmatch = _SYSTEMD_UNIT=postfix.service'),
      healthy: {
        ...filter('journalmatch = _SYSTEMD_UNIT=postfix.service'),
        units: [unit({ name: 'postfix.service' })],
      },
    },
  ],
  'rotated-gap': [
    {
      broken: since(86_400),
      healthy: {
        ...since(86_400),
        ...places({ files: [FILE, { ...FILE, path: '/var/log/mail.log.1', rotated: true }] }),
      },
      says: 'begins 22 hours after Postfix was started',
    },
    { broken: since(86_400), healthy: since(7300) },
  ],
}

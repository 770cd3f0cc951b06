import { check } from '../check.js'

const HOUR = 3600

const nowhere = check({
  id: 'no-mail-log-file',
  title: 'Postfix runs, and its log is nowhere',
  severity: 'error',
  symptom: '/var/log/mail.log: No such file or directory; greyctl verify has nothing to read',
  cause: 'no log daemon is installed (Debian has none by default since 12), and there is no journal either',
  look: ['ls -l /var/log/mail.log', 'journalctl -n 3 SYSLOG_FACILITY=2', 'postconf maillog_file'],
  remedy: 'install rsyslog, or let Postfix write its own: postconf maillog_file=/var/log/mail.log',
  commands: ['apt-get install rsyslog'],
  autofix: 'manual',
  needs: ['logPlaces', 'processes'],
  judge: ({ logPlaces: { files, journal }, processes }) => {
    const runs = processes.some(({ name }) => name === 'master')
    if (!runs || files.some(({ size }) => size > 0) || !/^(missing|empty)$/.test(journal)) return []
    return [
      {
        detail:
          journal === 'missing'
            ? 'there is neither a mail log below /var/log nor a journal'
            : 'there is no mail log below /var/log, and the journal has no line of mail',
      },
    ]
  },
})

const unreadable = check({
  id: 'log-unreadable',
  title: 'you may not read the mail log',
  severity: 'info',
  symptom: 'greyctl verify: Permission denied',
  cause: 'mail logs are for root and the group adm alone: they hold who writes to whom',
  look: ['ls -l /var/log/mail.log', 'id'],
  remedy: 'run it as root, or let root add you to the group adm',
  autofix: 'manual',
  needs: ['logPlaces'],
  judge: ({ logPlaces: { files } }) =>
    files
      .filter(({ readable, rotated }) => !readable && !rotated)
      .map(({ path }) => ({
        detail: `${path} cannot be read; what it would tell is not known`,
        evidence: [{ ref: path, text: 'Permission denied' }],
        affects: [path],
      })),
})

/** postfix.service of Debian 12 and before starts nothing: the daemon is in postfix@-.service. */
const wrongUnit = check({
  id: 'wrong-journal-unit',
  title: 'fail2ban reads the journal of a unit in which Postfix is not',
  severity: 'warning',
  symptom: 'the jail for postfix never bans anybody; journalctl -u postfix shows no mail',
  cause:
    'Debian’s postfix.service is a shell: what Postfix logs belongs to postfix@-.service, in the slice system-postfix.slice',
  look: ['grep journalmatch /etc/fail2ban/filter.d/postfix.conf', 'journalctl -u postfix@- -n 3'],
  remedy:
    'write journalmatch = _SYSTEMD_UNIT=postfix@-.service into /etc/fail2ban/filter.d/postfix.local, below [Init]',
  autofix: 'manual',
  needs: ['fail2ban', 'units', 'logPlaces'],
  judge: ({ fail2ban: { jail, journalMatches }, units, logPlaces: { files } }) => {
    const inner = units.some(({ name, active }) => name === 'postfix@-.service' && active === 'active')
    // where there is a file, fail2ban's backend "auto" reads that
    if (jail === undefined || !inner || files.some(({ size }) => size > 0)) return []
    const last = journalMatches.at(-1)
    if (last === undefined || /postfix@|system-postfix|SYSLOG_|_COMM/.test(last.text)) return []
    return [
      { detail: 'a jail for postfix is on, and its filter names postfix.service', evidence: [jail, last] },
    ]
  },
})

const gap = check({
  id: 'rotated-gap',
  title: 'the log does not reach back as far as Postfix runs',
  severity: 'info',
  symptom: 'greyctl verify counts mails as never retried, or accepted without a first try',
  cause:
    'the log was rotated and its predecessor is gone, or was cut: the other half of a greylisted mail was in it',
  look: ['ls -l /var/log/mail.log*', 'cat /etc/logrotate.d/rsyslog'],
  remedy: 'keep a few rotated logs (rotate 4 in logrotate’s file)',
  autofix: 'manual',
  needs: ['logPlaces', 'log', 'processes', 'clock'],
  judge: ({ logPlaces: { files }, log, processes, clock }) => {
    const master = processes.find(({ name }) => name === 'master')
    const [own] = files.filter(({ rotated, size }) => !rotated && size > 0)
    if (master === undefined || own === undefined || log.first === undefined || !log.complete) return []
    if (!log.sources.includes(own.path) || files.some(({ rotated, size }) => rotated && size > 0)) return []
    const recent = clock.now - log.first < 48 * HOUR
    if (!recent || log.first - master.started < HOUR) return []
    const hours = Math.round((log.first - master.started) / HOUR)
    return [
      {
        detail: `${own.path} begins ${hours} hours after Postfix was started, and there is no older one`,
        evidence: [{ ref: `process ${master.pid}`, text: master.command.join(' ') }],
        affects: [own.path],
      },
    ]
  },
})

export const LOG_PLACES = [nowhere, unreadable, wrongUnit, gap]

import { check } from '../check.js'
import type { LogFact } from '../facts/sign-reader.js'

/** Lines without a time, other than those whose month cannot be read. */
const without = ({ stamps }: LogFact) => stamps.none - Math.min(stamps.none, stamps.foreign.count)

const unstamped = check({
  id: 'template-without-timestamp',
  title: 'the log has lines without a time that can be read',
  severity: 'warning',
  symptom: 'greyctl verify shows no delays',
  cause: 'a template of the log leaves the time out',
  look: ['tail -n 3 /var/log/mail.log'],
  remedy: 'use the standard template of rsyslog',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) =>
    log.lines >= 20 && without(log) / log.lines > 0.5
      ? [{ detail: `${without(log)} of ${log.lines} lines have none` }]
      : [],
})

const months = check({
  id: 'locale-month-names',
  title: 'the log writes months in another language than English',
  severity: 'warning',
  symptom: 'Απρ 15 12:20:28 mx2 postfix/smtpd[6833]: …; tools for mail logs find no line',
  cause: 'what writes the log runs with a locale of its own (LC_TIME), and RFC 3164 has English names alone',
  look: ['tail -n 3 /var/log/mail.log', 'locale'],
  remedy: 'let the log daemon run with LC_ALL=C, or use the RFC 3339 template of rsyslog',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log: { stamps, lines } }) => {
    const { count, example } = stamps.foreign
    if (count < 3) return []
    return [
      {
        severity: stamps.none > 0 ? ('warning' as const) : ('info' as const),
        detail: `${count} of ${lines} lines; ${stamps.none > 0 ? 'greyctl cannot read their time either' : 'greyctl reads them, other tools do not'}`,
        evidence: example === undefined ? [] : [example],
      },
    ]
  },
})

/** Times that one program is ahead of the other and back again, before it is no coincidence. */
const ENOUGH_TURNS = 3

const zones = check({
  id: 'syslog-tz-mismatch',
  title: 'programs write the log in different time zones',
  severity: 'info',
  symptom: 'lines of smtpd are whole hours away from those of qmgr right beside them',
  cause: 'a chrooted program, or one in a container, does not know the zone of this machine',
  look: ['tail -n 20 /var/log/mail.log', 'ls -l /etc/localtime /var/spool/postfix/etc/localtime'],
  remedy:
    'give each the same /etc/localtime, or the RFC 3339 template of rsyslog, whose times carry their zone',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log: { stamps } }) => {
    const { forward, back, example } = stamps.hours
    const turns = Math.min(forward, back)
    if (turns < ENOUGH_TURNS) return []
    return [
      {
        detail: `${turns} times one program was whole hours ahead of the line before, and back again`,
        evidence: example === undefined ? [] : [example],
      },
    ]
  },
})

const rfc3339 = check({
  id: 'rfc3339-timestamps',
  title: 'postgreyreport cannot read the times of this log',
  severity: 'info',
  symptom: 'postgreyreport prints dates that are cut in the middle',
  cause:
    'rsyslog of Debian 12 writes RFC 3339 times, and postgreyreport takes the first fifteen characters for one',
  look: ['head -n 1 /var/log/mail.log'],
  remedy: 'use greyctl report, or the old template: $ActionFileDefaultTemplate RSYSLOG_TraditionalFileFormat',
  commands: ['greyctl report'],
  autofix: 'manual',
  needs: ['log', 'logPlaces'],
  judge: ({ log: { stamps, lines }, logPlaces: { readers } }) => {
    const [reader] = readers.filter((path) => path.endsWith('/postgreyreport'))
    if (reader === undefined || lines === 0 || stamps.iso / lines < 0.5) return []
    return [{ detail: `${reader} is here, and ${stamps.iso} of ${lines} lines have such a time` }]
  },
})

export const STAMPS = [unstamped, months, zones, rfc3339]

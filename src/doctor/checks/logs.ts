import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'
import { signHits } from './resources.js'

const doesNotStart = check({
  id: 'smtpd-does-not-start',
  title: 'a program of Postfix ends as soon as it starts: mail does not come in, or stays in the queue',
  severity: 'critical',
  symptom:
    'postfix/master: warning: /usr/lib/postfix/sbin/smtpd: bad command startup -- throttling; clients are connected and dropped',
  cause:
    'the configuration has an error that the program meets only when it starts, after a reload that succeeded',
  look: ["grep -E 'fatal:|throttling' /var/log/mail.log | tail"],
  remedy: 'the line with fatal: says what it is',
  autofix: 'manual',
  becauseOf: [
    'master-o-whitespace',
    'config-unreadable-to-mail-owner',
    'broken-continuation-nonindented',
    'policy-host-unresolvable',
  ],
  needs: ['log'],
  judge: ({ log }) => {
    const said = (log.signs.get('throttled')?.evidence ?? []).map(({ text }) => throttledProgram(text))
    const programs = [...new Set(said)].join(', and that ')
    const [hit] = signHits(log, 'throttled', `master says that ${programs} does not start`)
    const fatal = log.signs.get('smtpd-fatal')?.evidence ?? []
    return hit === undefined ? [] : [{ ...hit, evidence: [...fatal, ...hit.evidence] }]
  },
})

/** master(8)'s line names any program that it starts: local(8) as well as smtpd(8). */
function throttledProgram(line: string): string {
  return /([^\s/]+): bad command startup/.exec(line)?.[1] ?? 'a program'
}

const cannotEvaluate = check({
  id: 'restrictions-not-evaluated',
  title: 'Postfix cannot evaluate its restrictions, and puts mail off',
  severity: 'critical',
  symptom: '451 4.3.5 … Server configuration error',
  cause:
    'a list holds a word that is no restriction, or a table that cannot be read; the warning just before names it',
  look: ["grep -B 2 'Server configuration error' /var/log/mail.log | tail"],
  remedy: 'correct what the warning names',
  autofix: 'manual',
  becauseOf: [
    'unknown-restriction',
    'restriction-class-undeclared',
    'check-policy-missing-argument',
    'bare-table-without-check',
    'inline-comment-in-value',
    'table-db-missing',
    'table-type-unsupported',
    'table-empty-result',
    'lookup-table-inside-access-map',
    'regexp-file-missing-or-unreadable',
    'malformed-policy-reply',
  ],
  needs: ['log'],
  judge: ({ log }) => {
    const [hit] = signHits(log, 'server-error', 'mail was put off')
    const why = ['unknown-restriction', 'table-unavailable', 'table-lookup'] as const
    const reasons = why.flatMap((name) => log.signs.get(name)?.evidence ?? [])
    return hit === undefined ? [] : [{ ...hit, evidence: [...reasons, ...hit.evidence].slice(0, 4) }]
  },
})

const policyTrouble = check({
  id: 'policy-server-unreachable',
  title: 'Postfix got no answer from a policy server',
  severity: 'error',
  symptom: 'warning: connect to …; problem talking to server …; 451 4.3.5 … Server configuration problem',
  cause: 'the daemon was away, or too slow',
  look: ["grep 'problem talking to server' /var/log/mail.log | tail"],
  remedy: 'look into the daemon’s log at that time; with default_action=DUNNO mail goes on meanwhile',
  autofix: 'manual',
  becauseOf: [
    'policy-daemon-not-running',
    'policy-port-mismatch',
    'ipv6-localhost-bind',
    'policy-host-unresolvable',
    'firewall-or-netns',
    'unix-socket-missing',
    'unix-socket-permission',
    'stale-unix-socket',
    'policy-daemon-hung',
    'policy-server-closes-early',
    'malformed-policy-reply',
    'wrong-service-on-port',
    'spawn-user-wrong',
    'spawn-process-limit',
  ],
  needs: ['log'],
  judge: ({ log }) => {
    const [hit] = signHits(
      log,
      'policy-unreachable',
      'since the configuration was last read, and no greylister was at work since',
    )
    if (hit === undefined) return []
    const problem = log.signs.get('server-problem')
    return [
      {
        ...hit,
        severity: problem ? ('critical' as const) : ('warning' as const),
        evidence: [...hit.evidence, ...(problem?.evidence ?? [])],
      },
    ]
  },
})

const suppressed = check({
  id: 'journald-rate-limit',
  title: 'the journal dropped messages',
  severity: 'warning',
  symptom: 'systemd-journald: Suppressed 7124 messages from …',
  cause:
    'the mail log is faster than the rate limit of journald: what greyctl verify and report read has gaps',
  look: ['journalctl -u systemd-journald | grep Suppressed'],
  remedy: 'raise RateLimitBurst in /etc/systemd/journald.conf',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) => (log.suppressed === 0 ? [] : [{ detail: `${log.suppressed} messages were dropped` }]),
})

const postlog = check({
  id: 'maillog-file-in-use',
  title: 'Postfix is to write its own log, and nothing does that',
  severity: 'critical',
  symptom: 'no line of postfix in any log; postfix start: fatal: missing postlog service',
  cause: 'maillog_file is set in main.cf, and master.cf has no service postlog (MAILLOG_README)',
  look: ['postconf maillog_file', 'postconf -M | grep postlog'],
  remedy: 'add to master.cf: postlog unix-dgram n - n - 1 postlogd',
  autofix: 'confirm',
  needs: ['settings', 'masterCf', 'mainCf'],
  judge: ({ settings, masterCf, mainCf }) => {
    const place = settings.get('maillog_file')
    if (place === '' || masterCf.services.some(({ name }) => name === 'postlog')) return []
    return [
      {
        detail: `maillog_file is ${place}`,
        evidence: [lineOf(mainCf, mainCf.cf.get('maillog_file')?.line ?? 1)],
        affects: [masterCf.path],
        repairs: [
          {
            kind: 'edit' as const,
            path: masterCf.path,
            title: 'add the service postlog',
            edit: (text: string) =>
              `${text}${text.endsWith('\n') ? '' : '\n'}postlog   unix-dgram n  -       n       -       1       postlogd\n`,
          },
        ],
      },
    ]
  },
})

const devLog = check({
  id: 'chroot-dev-log-lost',
  title: 'chrooted programs of Postfix cannot reach the system log',
  severity: 'warning',
  symptom: 'lines of smtpd stop after rsyslog was restarted; those of qmgr go on',
  cause:
    'there is no dev/log below the queue directory: rsyslog makes it when it is told to (AddUnixListenSocket, imuxsock)',
  look: ['ls -l /var/spool/postfix/dev/log', 'grep -r postfix /etc/rsyslog.d'],
  remedy:
    'let rsyslog listen there: input(type="imuxsock" Socket="/var/spool/postfix/dev/log"), and restart it',
  autofix: 'manual',
  needs: ['units', 'services', 'devLog', 'settings'],
  judge: ({ units, services, devLog: socket, settings }) => {
    const rsyslog = units.some(({ name, active }) => name === 'rsyslog.service' && active === 'active')
    if (
      !rsyslog ||
      socket.there ||
      settings.get('maillog_file') !== '' ||
      !services.some(({ chroot }) => chroot)
    )
      return []
    return [{ detail: `${socket.path}: no such file` }]
  },
})

export const LOGS = [doesNotStart, cannotEvaluate, policyTrouble, postlog, devLog, suppressed]

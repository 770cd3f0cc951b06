import { check } from '../check.js'
import type { LogFact } from '../facts/sign-reader.js'
import type { SignName } from '../facts/signs.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'

/** What the log says of it since Postfix was last reloaded. */
export function signHits(log: LogFact, name: SignName, detail: string) {
  const sign = log.signs.get(name)
  if (sign === undefined) return []
  return [
    {
      detail: `${detail}; the log says so ${sign.count === 1 ? 'once' : `${sign.count} times`}`,
      evidence: sign.evidence,
    },
  ]
}

const permission = check({
  id: 'db-permission',
  title: 'the greylister may not write its database',
  severity: 'critical',
  symptom:
    "ERROR: can't open lock file: /var/lib/postgrey/postgrey.lock; the daemon does not start, or lets everything pass",
  cause: 'the directory or a file in it belongs to another user, often after a copy or a restored backup',
  look: ['ls -la /var/lib/greyctl/store /var/lib/postgrey'],
  remedy: 'give the directory and everything in it to the daemon’s user',
  autofix: 'confirm',
  needs: ['stores', 'accounts'],
  judge: ({ stores, accounts }) =>
    stores.flatMap(({ owner, path, stat, files }) => {
      const uid = accounts.get(owner)
      if (owner === 'postfix' || uid === undefined) return []
      const wrong = [{ path, stat }, ...files].filter(
        (each) => each.stat.uid !== uid || (each.stat.mode & 0o200) === 0,
      )
      if (wrong.length === 0) return []
      return [
        {
          detail: `${wrong
            .map((each) => each.path)
            .slice(0, 3)
            .join(', ')} ${wrong.length === 1 ? 'does' : 'do'} not belong to ${owner}, or may not be written`,
          evidence: wrong.slice(0, 3).map((each) => ({
            ref: each.path,
            text: `owner ${each.stat.uid}, mode ${each.stat.mode.toString(8)}`,
          })),
          affects: [owner],
          commands: [`chown -R ${owner}: ${path}`, `chmod -R u+rwX ${path}`, `service ${owner} restart`],
          repairs: [
            {
              kind: 'run' as const,
              title: `give ${path} to ${owner}`,
              argv: ['chown', '-R', `${owner}:`, path],
              undo: ['chown', '-R', String(stat.uid), path],
            },
            { kind: 'run' as const, title: `let ${owner} write there`, argv: ['chmod', '-R', 'u+rwX', path] },
          ],
        },
      ]
    }),
})

const corrupt = check({
  id: 'db-corrupt',
  title: 'the greylister’s database is damaged',
  severity: 'critical',
  symptom: "can't create DB environment; DB_RUNRECOVERY: Fatal error, run database recovery",
  cause: 'the machine went down while it was written, or a disk is failing',
  look: ['journalctl -u greyctl -u postgrey -n 30'],
  remedy: 'stop the daemon, move its database aside, start it: all senders are new again, once',
  autofix: 'manual',
  commands: [
    'systemctl stop postgrey',
    'mv /var/lib/postgrey /var/lib/postgrey.broken',
    'install -d -o postgrey -g postgrey -m 700 /var/lib/postgrey',
    'systemctl start postgrey',
  ],
  needs: ['log', 'stores'],
  judge: ({ log, stores }) => [
    ...signHits(log, 'store-corrupt', 'the database cannot be opened'),
    ...stores.flatMap(({ owner, files }) =>
      files.flatMap(({ path, stat, damage }) =>
        damage === undefined
          ? []
          : [
              {
                detail: `${path} ${damage}`,
                evidence: [{ ref: path, text: `${stat.size} bytes` }],
                affects: [owner],
              },
            ],
      ),
    ),
  ],
})

const version = check({
  id: 'bdb-version-upgrade',
  title: 'the greylister’s database is of another version of its library',
  severity: 'error',
  symptom: "Program version X doesn't match environment version Y, after an upgrade of the system",
  cause: 'Berkeley DB’s environment files are of the version before the upgrade',
  look: ['ls -l /var/lib/postgrey'],
  remedy: 'stop the daemon, remove the files __db.* beside the database, start it',
  commands: ['systemctl stop postgrey', 'rm /var/lib/postgrey/__db.*', 'systemctl start postgrey'],
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) => signHits(log, 'store-version', 'the versions differ'),
})

const MEBIBYTE = 1024 * 1024
const LEAST_BYTES = 20 * MEBIBYTE
const LEAST_INODES = 500

const diskFull = check({
  id: 'disk-full',
  title: 'there is no room left where mail, or the greylister, writes',
  severity: 'critical',
  symptom:
    '452 4.3.1 Insufficient system storage; warning: not enough free space in mail queue; No space left on device',
  cause: 'the file system, or its table of inodes, is full',
  look: ['df -h', 'df -i'],
  remedy: 'make room: old logs, the queue of a mail that loops, a backup',
  autofix: 'manual',
  needs: ['stores'],
  judge: ({ stores }) =>
    stores.flatMap(({ path, owner, free, freeInodes }) => {
      const few = freeInodes !== undefined && freeInodes < LEAST_INODES
      if (free >= LEAST_BYTES && !few) return []
      return [
        {
          detail: few
            ? `${freeInodes} inodes are free at ${path}`
            : `${(free / MEBIBYTE).toFixed(1)} MiB are free at ${path}`,
          evidence: [{ ref: path, text: `${free} bytes, ${freeInodes ?? 'any number of'} inodes free` }],
          affects: [owner],
          commands: [`df -h ${path}`, `df -i ${path}`],
        },
      ]
    }),
})

const sql = check({
  id: 'db-unavailable-sql',
  title: 'sqlgrey cannot reach its database, and lets all mail through',
  severity: 'error',
  symptom: "dbaccess: can't connect to DB; dbaccess: warning: couldn't do query",
  cause: 'the database server is down, or the account is wrong',
  look: ['journalctl -u sqlgrey -n 30'],
  remedy: 'start the database server; see db_* in /etc/sqlgrey/sqlgrey.conf',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) => signHits(log, 'store-sql', 'sqlgrey says that its database does not answer'),
})

const clockJump = check({
  id: 'clock-jump',
  title: 'the clock of this machine went back',
  severity: 'warning',
  symptom: 'correcting date for first seen in the future!; stamps of the log go back',
  cause:
    'a time server set a wrong clock right, or a virtual machine was resumed; senders wait longer or shorter than they should',
  look: ['timedatectl', 'journalctl -u systemd-timesyncd -u chrony -n 20'],
  remedy: 'let a time service keep the clock (systemd-timesyncd, chrony)',
  autofix: 'manual',
  becauseOf: ['syslog-tz-mismatch'],
  needs: ['log', 'clock', 'timeService'],
  judge: ({ log, clock, timeService }) => {
    if (log.newest !== undefined && log.newest > clock.now + 600) {
      return [
        {
          detail: `the newest line of the log is ${Math.round(log.newest - clock.now)} s in the future`,
          evidence: timekeeper(timeService),
        },
      ]
    }
    const { backwards } = log.stamps
    if (backwards !== undefined)
      return [
        {
          detail: 'the stamps of the log go back by more than a minute',
          evidence: [backwards, ...timekeeper(timeService)],
        },
      ]
    return signHits(log, 'clock-back', 'a greylister saw records of the future')
  },
})

function timekeeper({ synchronized }: Facts['timeService']): readonly Evidence[] {
  return synchronized === false ? [{ ref: 'timedatectl', text: 'NTPSynchronized=no' }] : []
}

const memory = check({
  id: 'out-of-memory',
  title: 'the kernel ended a mail program for want of memory',
  severity: 'error',
  symptom: 'Out of memory: Killed process 711 (node)',
  cause: 'the machine has too little memory for what runs on it',
  look: ['journalctl -k | grep -i "out of memory"', 'free -m'],
  remedy: 'give the machine more memory, or let less run on it',
  autofix: 'manual',
  needs: ['kernel'],
  judge: ({ kernel }) =>
    kernel.outOfMemory.length === 0
      ? []
      : [
          {
            detail: 'in the last day',
            evidence: kernel.outOfMemory.map((text) => ({ ref: 'journal', text })),
          },
        ],
})

const descriptors = check({
  id: 'fd-limit',
  title: 'the greylister may not open more connections',
  severity: 'error',
  symptom: 'EMFILE, too many open files; Postfix waits for its policy server',
  cause: 'every smtpd process keeps a connection: with hundreds of them the limit of open files is too low',
  look: ['cat /proc/$(pidof -s postgrey)/limits', 'postconf default_process_limit'],
  remedy: 'raise LimitNOFILE of the service above default_process_limit times the services that ask',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) => signHits(log, 'too-many-files', 'the limit of open files was reached'),
})

export const RESOURCES = [permission, diskFull, corrupt, version, sql, clockJump, memory, descriptors]

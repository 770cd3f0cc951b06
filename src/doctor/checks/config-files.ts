import { check, type Hit } from '../check.js'
import { lineOf } from '../facts/text-file.js'

const permissions = check({
  id: 'main-cf-permissions',
  title: 'a file of the configuration belongs to somebody else, or others may write it',
  severity: 'warning',
  symptom:
    'postfix/postfix-script: warning: not owned by root: /etc/postfix/./main.cf, or group or other writable',
  cause:
    'it was copied or edited by another user, or chmod was too generous; whoever may write it decides over all mail',
  look: ['postfix check', 'ls -l /etc/postfix'],
  remedy: 'give it to root, writable for root alone',
  autofix: 'safe',
  needs: ['configFiles'],
  judge: ({ configFiles }) =>
    configFiles
      .filter(({ stat }) => stat.uid !== 0 || (stat.mode & 0o022) !== 0)
      .map(({ path, stat }) => ({
        detail:
          stat.uid === 0 ? `${path} may be written by others than root` : `${path} does not belong to root`,
        evidence: [{ ref: path, text: `mode ${stat.mode.toString(8).padStart(4, '0')}, owner ${stat.uid}` }],
        affects: [path],
        commands: [`chown root ${path}`, `chmod go-w ${path}`],
        repairs: [
          {
            kind: 'meta' as const,
            path,
            title: `${path} to root, writable for root alone`,
            meta: { uid: 0, mode: stat.mode & ~0o022 },
          },
        ],
      })),
})

const unreadable = check({
  id: 'config-unreadable-to-mail-owner',
  title: 'Postfix’s own user may not read the configuration',
  severity: 'critical',
  symptom:
    'postfix/smtpd: fatal: open /etc/postfix/main.cf: Permission denied; bad command startup -- throttling',
  cause: 'programs of Postfix that run as mail_owner read main.cf too',
  look: ['ls -l /etc/postfix/main.cf', 'namei -l /etc/postfix/main.cf'],
  remedy: 'let everybody read main.cf and enter its directory; secrets belong into tables of their own',
  autofix: 'confirm',
  needs: ['configFiles', 'mailOwner', 'mainCf'],
  judge: ({ configFiles, mailOwner, mainCf }) =>
    configFiles
      .filter(({ path }) => path === mainCf.path)
      .filter(
        ({ stat }) =>
          (stat.mode & 0o004) === 0 &&
          !(mailOwner.groups.includes(stat.gid) && (stat.mode & 0o040) !== 0) &&
          stat.uid !== mailOwner.uid,
      )
      .map(({ path, stat }) => ({
        detail: `${mailOwner.name} may not read ${path}`,
        evidence: [
          {
            ref: path,
            text: `mode ${stat.mode.toString(8).padStart(4, '0')}, owner ${stat.uid}, group ${stat.gid}`,
          },
        ],
        affects: [path],
        commands: [`chmod 644 ${path}`],
        repairs: [
          { kind: 'meta' as const, path, title: `chmod 644 ${path}`, meta: { mode: stat.mode | 0o444 } },
        ],
      })),
})

const managed = check({
  id: 'config-overwritten-by-manager',
  title: 'another program writes Postfix’s configuration',
  severity: 'info',
  symptom: 'what was changed by hand, or by greyctl, is gone after an update',
  cause: 'main.cf is made from templates by a configuration manager or a mail server suite',
  look: ['head /etc/postfix/main.cf'],
  remedy: 'put the change where that program takes it from: a template, an override file, its panel',
  autofix: 'manual',
  needs: ['mainCf', 'platform'],
  judge: ({ mainCf, platform: { manager } }) => {
    if (manager === undefined) return []
    const { name, place, sign } = manager
    const line = mainCf.text.split('\n').findIndex((text) => text.includes(sign))
    return [
      {
        detail: `${name} writes it`,
        evidence: [sign.startsWith('/') ? { ref: sign, text: name } : lineOf(mainCf, line + 1)],
        remedy: `put the change where that program takes it from: ${place}`,
        affects: [mainCf.path],
      },
    ]
  },
})

/** Seconds: the start of a process is known no better. */
const SLACK = 2

const notReloaded = check({
  id: 'config-not-reloaded',
  title: 'the configuration was changed after Postfix last read it',
  severity: 'warning',
  symptom: 'an edit has no effect, or only sometimes: processes that start anew see it, the others do not',
  cause: 'postfix reload is missing after the edit',
  look: [
    'ls -l --time-sort /etc/postfix | head',
    "grep -E 'reload -- version|daemon started' /var/log/mail.log | tail -n 1",
  ],
  remedy: 'reload Postfix',
  commands: ['postfix reload'],
  autofix: 'confirm',
  needs: ['mainCf', 'masterCf', 'reread', 'clock'],
  judge: ({ mainCf, masterCf, reread, clock: { now } }) =>
    reread === null
      ? []
      : [mainCf, masterCf]
          .filter(({ modified }) => modified > reread.at + SLACK)
          .map(({ path, modified }) =>
            modified > now + SLACK
              ? fromTheFuture(path, Math.round(modified - now))
              : {
                  detail: `${path} was written ${Math.round(modified - reread.at)} s after Postfix ${reread.how}`,
                  evidence: [reread.evidence],
                  affects: [path],
                  repairs: [{ kind: 'run' as const, title: 'reload Postfix', argv: ['postfix', 'reload'] }],
                },
          ),
})

/** No reload is later than such a file: whether Postfix knows what is in it cannot be told. */
function fromTheFuture(path: string, seconds: number): Hit {
  return {
    severity: 'info',
    detail: `${path} is dated ${seconds} s in the future: whether Postfix has read it cannot be told`,
    evidence: [{ ref: path, text: `last written ${seconds} s from now, by the clock of this machine` }],
    cause: 'the clock was ahead when it was written, or is behind now; or its time was copied with it',
    remedy: 'look at the clock, then give the file the time of now and reload Postfix',
    commands: ['timedatectl', `touch ${path}`, 'postfix reload'],
    affects: [path],
  }
}

export const CONFIG_FILES = [notReloaded, permissions, unreadable, managed]

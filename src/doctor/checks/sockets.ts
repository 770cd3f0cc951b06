import { check } from '../check.js'
import { allows } from '../facts/paths.js'
import type { Facts } from '../facts.js'
import { affected, askedAt, consequence, refused, severityOf } from './common.js'

type Paths = Facts['socketPaths']

function pathOf(paths: Paths, path: string) {
  return paths.find((each) => each.path === path)
}

/** A relative name is master's own: it makes the socket, and spawn(8) or another service answers. */
function isMasters(path: string): boolean {
  return /\/(private|public)\/[^/]+$/.test(path)
}

const missing = check({
  id: 'unix-socket-missing',
  title: 'the policy server’s socket file is not there',
  severity: 'critical',
  symptom: 'warning: connect to private/policy: No such file or directory, and 451 4.3.5 for clients',
  cause:
    'the daemon is not running, or it makes its socket elsewhere: a relative name is below the queue directory, an absolute one below it too when smtpd is chrooted',
  look: ['postconf -h queue_directory', 'ss -lxp', 'grep smtpd /etc/postfix/master.cf'],
  remedy:
    'let the daemon listen in a directory of its own below the queue directory, and name it in main.cf relative to that',
  autofix: 'manual',
  needs: ['policyUses', 'socketPaths', 'listeners'],
  judge: ({ policyUses, socketPaths, listeners }) =>
    distinct(policyUses).flatMap(({ endpoint, service }) => {
      const found = pathOf(socketPaths, endpoint.path)
      if (found === undefined || found.stat !== undefined) return []
      const written = endpoint.text.replace(/^\w+:/, '')
      const outside =
        service.chroot && written.startsWith('/') && listeners.some(({ path }) => path === written)
      return [
        {
          severity: severityOf(policyUses, endpoint),
          detail: `${endpoint.path}: no such file; ${outside ? `the daemon listens on ${written}, which a chrooted smtpd does not see; ` : ''}${consequence(policyUses, endpoint)}`,
          evidence: askedAt(policyUses, endpoint),
          affects: affected(policyUses, endpoint),
          ...(isMasters(endpoint.path)
            ? {
                remedy:
                  'add the service to master.cf under this name (SMTPD_POLICY_README), or correct the name in main.cf',
              }
            : {}),
        },
      ]
    }),
})

const permission = check({
  id: 'unix-socket-permission',
  title: 'Postfix may not use the policy server’s socket',
  severity: 'critical',
  symptom:
    'warning: connect to PATH: Permission denied, and problem talking to server PATH: Permission denied',
  cause:
    'smtpd runs as mail_owner (postfix): it needs write permission on the socket and search permission on every directory above it',
  look: ['namei -l /var/spool/postfix/PATH', 'id postfix'],
  remedy: 'let the daemon create its socket with mode 0666 in a directory that postfix may enter',
  autofix: 'confirm',
  needs: ['policyUses', 'socketPaths', 'mailOwner'],
  judge: ({ policyUses, socketPaths, mailOwner }) =>
    distinct(policyUses).flatMap(({ endpoint }) => {
      const found = pathOf(socketPaths, endpoint.path)
      if (found?.stat === undefined || Number.isNaN(mailOwner.uid)) return []
      const closed = found.parents.find(({ stat }) => stat && !allows(stat, mailOwner, 1))
      const place = closed?.path ?? (allows(found.stat, mailOwner, 2) ? undefined : endpoint.path)
      const stat = closed?.stat ?? found.stat
      if (place === undefined) return []
      const mode = stat.mode.toString(8).padStart(4, '0')
      const right = closed ? stat.mode | 0o001 : 0o666
      return [
        {
          severity: severityOf(policyUses, endpoint),
          detail: `${mailOwner.name} may not ${closed ? 'enter' : 'write to'} ${place}; ${consequence(policyUses, endpoint)}`,
          evidence: [
            ...askedAt(policyUses, endpoint),
            { ref: place, text: `mode ${mode}, owner ${stat.uid}, group ${stat.gid}` },
          ],
          affects: affected(policyUses, endpoint),
          commands: [`chmod ${closed ? 'o+x' : '666'} ${place}`],
          repairs: [
            {
              kind: 'run' as const,
              title: `chmod ${right.toString(8)} ${place}`,
              argv: ['chmod', right.toString(8), '--', place],
              undo: ['chmod', stat.mode.toString(8), '--', place],
            },
          ],
        },
      ]
    }),
})

const stale = check({
  id: 'stale-unix-socket',
  title: 'a socket file that nobody listens on',
  severity: 'error',
  symptom:
    'Connection refused for a socket that exists; the daemon says Address already in use when it starts',
  cause: 'the daemon ended without removing its socket',
  look: ['ss -lxp', 'ls -l PATH'],
  remedy: 'start the daemon again; if it says that the address is in use, remove the file first',
  autofix: 'confirm',
  needs: ['endpoints', 'policyUses', 'socketPaths'],
  judge: ({ endpoints, policyUses, socketPaths }) =>
    endpoints
      .filter(
        (answer) => refused(answer) && pathOf(socketPaths, answer.endpoint.path)?.stat?.kind === 'other',
      )
      .map(({ endpoint }) => ({
        severity: severityOf(policyUses, endpoint),
        detail: `${endpoint.path} is there, and a connection to it is refused; ${consequence(policyUses, endpoint)}`,
        evidence: askedAt(policyUses, endpoint),
        affects: affected(policyUses, endpoint),
        commands: [`rm ${endpoint.path}`, 'service greyctl restart'],
      })),
})

function distinct(uses: Facts['policyUses']): Facts['policyUses'] {
  return [
    ...new Map(
      uses.filter(({ endpoint }) => endpoint.path !== '').map((use) => [use.endpoint.path, use]),
    ).values(),
  ]
}

export const SOCKETS = [missing, permission, stale]

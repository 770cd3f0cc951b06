import { isIP } from 'node:net'
import { check } from '../check.js'
import type { EndpointAnswer } from '../facts/endpoints.js'
import type { Listener } from '../facts/listeners.js'
import { isGreylister } from '../facts/processes.js'
import type { Facts } from '../facts.js'
import {
  affected,
  askedAt,
  consequence,
  isFile,
  isGreylisterProcess,
  listenerText,
  reaches,
  refused,
  severityOf,
} from './common.js'
import { moveEndpoint, startService } from './repairs.js'

type Reach = Pick<Facts, 'endpoints' | 'policyUses' | 'listeners' | 'processes' | 'greylisters'>

/** Greylisters that listen where nobody asks them: by the program's name, its process, or the port in its options. */
function elsewhere({
  listeners,
  policyUses,
  processes,
  greylisters,
}: Pick<Reach, 'listeners' | 'policyUses' | 'processes' | 'greylisters'>): readonly Listener[] {
  const pids = new Set(processes.filter(isGreylister).map(({ pid }) => pid))
  const ports = new Set(greylisters.map(({ port }) => port))
  return listeners.filter(
    (listener) =>
      listener.port !== '' &&
      (isGreylisterProcess(listener.process) || pids.has(listener.pid ?? 0) || ports.has(listener.port)) &&
      !policyUses.some(({ endpoint }) => reaches(endpoint, listener)),
  )
}

/** On the same port of the other family: `--inet=10023` that became ::1, or the reverse. */
function otherFamily(answer: EndpointAnswer, listeners: readonly Listener[]): Listener | undefined {
  return listeners.find(
    (listener) =>
      listener.port === answer.endpoint.port && listener.port !== '' && !reaches(answer.endpoint, listener),
  )
}

const notRunning = check({
  id: 'policy-daemon-not-running',
  title: 'nothing listens where Postfix asks its policy server',
  severity: 'critical',
  symptom:
    'postfix/smtpd: warning: connect to 127.0.0.1:10023: Connection refused, then warning: problem talking to server; clients get 451 4.3.5 Server configuration problem',
  cause: 'the policy daemon is not running',
  look: ['ss -ltnp', 'systemctl status greyctl postgrey', 'postconf -n | grep check_policy_service'],
  remedy: 'start the daemon; if it does not stay up, its log says why',
  autofix: 'confirm',
  becauseOf: [
    'unit-masked-or-disabled',
    'unit-restart-loop',
    'port-already-in-use',
    'stale-pidfile',
    'node-runtime-missing',
    'no-systemd-pid1',
  ],
  needs: ['endpoints', 'policyUses', 'listeners', 'units', 'processes', 'greylisters'],
  judge: ({ endpoints, policyUses, listeners, units, processes, greylisters }) =>
    endpoints
      .filter((answer) => refused(answer) && !isFile(answer.endpoint))
      .filter(
        (answer) =>
          !otherFamily(answer, listeners) &&
          elsewhere({ listeners, policyUses, processes, greylisters }).length === 0,
      )
      .map(({ endpoint }) => {
        const down = units.filter(
          ({ name, active }) => /^(greyctl|postgrey|sqlgrey)\.service$/.test(name) && active !== 'active',
        )
        const unit = down.find(({ name }) => name === 'greyctl.service') ?? down[0]
        const service = unit?.name.replace('.service', '') ?? 'greyctl'
        return {
          severity: severityOf(policyUses, endpoint),
          detail: `a connection to ${endpoint.text} is refused; ${consequence(policyUses, endpoint)}`,
          evidence: [
            ...askedAt(policyUses, endpoint),
            ...down.map((each) => ({
              ref: each.name,
              text: `${each.active} (${each.sub}), result ${each.result}`,
            })),
          ],
          affects: [...affected(policyUses, endpoint), service],
          commands: [`service ${service} start`, `service ${service} status`],
          repairs: unit === undefined || unit.load === 'masked' ? [] : startService(unit.name),
          autofix: service === 'greyctl' ? 'safe' : 'confirm',
        }
      }),
})

const portMismatch = check({
  id: 'policy-port-mismatch',
  title: 'the greylister listens on another port than Postfix asks',
  severity: 'critical',
  symptom: 'connect to 127.0.0.1:10023: Connection refused, while ps shows a greylister that runs',
  cause:
    'the port in main.cf and the port in the daemon’s options differ (postgrey: 10023 on Debian, 10030 on Arch, 60000 upstream; sqlgrey 2501)',
  look: [
    'ss -ltnp',
    'postconf -n | grep check_policy_service',
    'cat /etc/default/greyctl /etc/default/postgrey',
  ],
  remedy: 'write the same address and port on both sides, numerically',
  autofix: 'confirm',
  needs: ['endpoints', 'policyUses', 'listeners', 'mainCf', 'processes', 'greylisters'],
  judge: ({ endpoints, policyUses, listeners, mainCf, processes, greylisters }) =>
    endpoints
      .filter((answer) => refused(answer) && !isFile(answer.endpoint) && !otherFamily(answer, listeners))
      .flatMap(({ endpoint }) => {
        const [listener] = elsewhere({ listeners, policyUses, processes, greylisters })
        if (listener === undefined) return []
        const address = ['*', '0.0.0.0'].includes(listener.address) ? '127.0.0.1' : listener.address
        const right = `inet:${address.includes(':') ? `[${address}]` : address}:${listener.port}`
        return [
          {
            severity: severityOf(policyUses, endpoint),
            detail: `main.cf asks ${endpoint.text}, where nothing listens; ${listener.process || 'a greylister'} listens on port ${listener.port}; ${consequence(policyUses, endpoint)}`,
            evidence: [...askedAt(policyUses, endpoint), listenerText(listener)],
            affects: affected(policyUses, endpoint),
            remedy: `write ${right} in place of ${endpoint.text} in main.cf, or change the daemon's options`,
            commands: [`grep -n '${endpoint.text}' ${mainCf.path}`, 'postfix reload'],
            repairs: moveEndpoint(mainCf, endpoint, right),
          },
        ]
      }),
})

const otherLoopback = check({
  id: 'ipv6-localhost-bind',
  title: 'the greylister listens on IPv6 and Postfix asks on IPv4, or the reverse',
  severity: 'critical',
  symptom:
    'Connection refused for 127.0.0.1, although the daemon listens: on ::1, or on another address of this host',
  cause:
    'an option like --inet=10023 or --inet=localhost:10023 binds whatever "localhost" is first, which may be ::1 alone',
  look: ['ss -ltnp', 'grep localhost /etc/hosts'],
  remedy: 'give the daemon the address too: --inet=127.0.0.1:10023, and write the same in main.cf',
  autofix: 'confirm',
  needs: ['endpoints', 'policyUses', 'listeners', 'mainCf'],
  judge: ({ endpoints, policyUses, listeners, mainCf }) =>
    endpoints.filter(refused).flatMap((answer) => {
      const { endpoint } = answer
      const listener = otherFamily(answer, listeners)
      if (listener === undefined || isFile(endpoint)) return []
      const right = `inet:${listener.address.includes(':') ? `[${listener.address}]` : listener.address}:${listener.port}`
      return [
        {
          severity: severityOf(policyUses, endpoint),
          detail: `main.cf asks ${endpoint.text}; on that port only ${listener.address} is listened on; ${consequence(policyUses, endpoint)}`,
          evidence: [...askedAt(policyUses, endpoint), listenerText(listener)],
          affects: affected(policyUses, endpoint),
          repairs: moveEndpoint(mainCf, endpoint, right),
        },
      ]
    }),
})

const unresolvable = check({
  id: 'policy-host-unresolvable',
  title: 'the name of the policy server’s host or port means nothing here',
  severity: 'critical',
  symptom:
    'warning: host or service NAME not found, or fatal: host/service NAME/PORT not found: Name or service not known',
  cause:
    'main.cf names a host or a port by a name that cannot be looked up; a chrooted smtpd sees fewer names than a shell',
  look: ['getent ahosts NAME', 'getent services PORT', 'ls /var/spool/postfix/etc'],
  remedy: 'write numbers: inet:127.0.0.1:10023',
  autofix: 'manual',
  needs: ['endpoints', 'policyUses'],
  judge: ({ endpoints, policyUses }) =>
    endpoints
      .filter(
        ({ error, endpoint }) =>
          endpoint.transport === 'inet' && /^(ENOTFOUND|EAI_AGAIN|EAI_.*|ENODATA)$/.test(error ?? ''),
      )
      .map(({ endpoint }) => ({
        severity: severityOf(policyUses, endpoint),
        detail: `${endpoint.text} cannot be looked up; ${consequence(policyUses, endpoint)}`,
        evidence: askedAt(policyUses, endpoint),
        affects: affected(policyUses, endpoint),
      })),
})

const firewall = check({
  id: 'firewall-or-netns',
  title: 'the policy server cannot be reached over the network',
  severity: 'critical',
  symptom: 'connect to ADDRESS: Connection timed out, No route to host, or Network is unreachable',
  cause: 'a packet filter, a route that is missing, or an address of another container’s network',
  look: ['ip route get ADDRESS', 'nft list ruleset'],
  remedy: 'let Postfix reach the address, or run the greylister on this host at 127.0.0.1',
  autofix: 'manual',
  needs: ['endpoints', 'policyUses'],
  judge: ({ endpoints, policyUses }) =>
    endpoints
      .filter(({ error }) =>
        /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES_NET)$/.test(error ?? ''),
      )
      .map(({ endpoint, error }) => ({
        severity: severityOf(policyUses, endpoint),
        detail: `connecting to ${endpoint.text} fails: ${error}; ${consequence(policyUses, endpoint)}`,
        evidence: askedAt(policyUses, endpoint),
        affects: affected(policyUses, endpoint),
      })),
})

const otherNetns = check({
  id: 'container-different-netns',
  title: 'Postfix in a container asks itself for a greylister that is elsewhere',
  severity: 'critical',
  symptom:
    'Connection refused for 127.0.0.1 inside a container, while the greylister runs on the host or in another container',
  cause: '127.0.0.1 in a container is the container itself',
  look: ['cat /proc/1/cgroup', 'ls /.dockerenv /run/.containerenv'],
  remedy: 'name the other container in main.cf, or share its network or a unix socket',
  autofix: 'manual',
  becauseOf: ['policy-daemon-not-running'],
  needs: ['endpoints', 'policyUses', 'platform', 'processes'],
  judge: ({ endpoints, policyUses, platform, processes }) =>
    platform.container === undefined || processes.some(isGreylister)
      ? []
      : endpoints
          .filter(
            (answer) =>
              refused(answer) && isIP(answer.endpoint.host) !== 0 && /^127\./.test(answer.endpoint.host),
          )
          .map(({ endpoint }) => ({
            severity: severityOf(policyUses, endpoint),
            detail: `this is a container (${platform.container}), no greylister runs in it, and ${endpoint.text} is refused`,
            evidence: askedAt(policyUses, endpoint),
            affects: affected(policyUses, endpoint),
          })),
})

export const REACHABILITY = [notRunning, portMismatch, otherLoopback, unresolvable, firewall, otherNetns]

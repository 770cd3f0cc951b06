import { compareLevels } from '../../postfix/expand.js'
import { isRestriction, listWords } from '../../postfix/restriction-list.js'
import { check } from '../check.js'
import { entriesOf } from './restriction-names.js'

const missingArgument = check({
  id: 'check-policy-missing-argument',
  title: 'check_policy_service has no policy server behind it',
  severity: 'critical',
  symptom:
    'warning: restriction check_policy_service must be followed by transport:server, and 451 4.3.5 Server configuration error',
  cause: 'the list ends, or goes on with another restriction, where inet:HOST:PORT should stand',
  look: ['postconf -n | grep check_policy_service'],
  remedy: 'write the server behind it: check_policy_service inet:127.0.0.1:10023',
  autofix: 'manual',
  needs: ['services'],
  judge: ({ services }) => {
    const ended = services.flatMap((service) =>
      service.lists
        .filter(({ unfinished }) => unfinished === 'check_policy_service')
        .map(({ name, where }) => ({
          detail: `${name} ends with check_policy_service`,
          evidence: where ? [where] : [],
          affects: [service.label],
        })),
    )
    const swallowed = entriesOf(services)
      .filter(({ entry }) => entry.name === 'check_policy_service' && isRestriction(entry.argument ?? ''))
      .map(({ entry, list, service }) => ({
        detail: `check_policy_service in ${list} is followed by ${entry.argument}`,
        evidence: [entry.where],
        affects: [service.label],
      }))
    return [...new Map([...ended, ...swallowed].map((hit) => [hit.detail, hit])).values()]
  },
})

const badTransport = check({
  id: 'policy-bad-transport',
  title: 'the policy server is not written as Postfix wants it: smtpd does not start',
  severity: 'critical',
  symptom: 'fatal: need service transport:endpoint instead of "…", or fatal: invalid transport name: …',
  cause: 'a policy server is inet:HOST:PORT or unix:PATH; anything else ends smtpd',
  look: ['postconf -n | grep check_policy_service'],
  remedy: 'write inet:HOST:PORT or unix:PATH',
  autofix: 'manual',
  needs: ['policyUses'],
  judge: ({ policyUses }) =>
    policyUses
      .filter(
        ({ endpoint: { transport, port, path, text } }) =>
          !isRestriction(text) &&
          (!['inet', 'unix', 'local'].includes(transport) ||
            (transport === 'inet' && port === '') ||
            (transport !== 'inet' && path.endsWith('/'))),
      )
      .map(({ endpoint, entry, service }) => ({
        detail: `"${endpoint.text}" is no policy server`,
        evidence: [entry.where],
        affects: [endpoint.text, service.label],
      })),
})

const ITEMS = new Set([
  'timeout',
  'max_idle',
  'max_ttl',
  'retry_delay',
  'request_limit',
  'try_limit',
  'default_action',
  'policy_context',
])

const braces = check({
  id: 'policy-brace-syntax',
  title: 'what stands in the braces of a policy server is wrong: smtpd does not start',
  severity: 'critical',
  symptom: 'fatal: policy service syntax error, or fatal: empty policy service',
  cause:
    'inside { } comes the server, then name=value items; a value with blanks needs braces of its own; Postfix before 3.0 knows no braces',
  look: ['postconf -n | grep check_policy_service', 'postconf mail_version'],
  remedy: 'write { inet:HOST:PORT, timeout=10s, default_action=DUNNO }',
  autofix: 'manual',
  needs: ['policyUses', 'settings'],
  judge: ({ policyUses, settings }) =>
    policyUses.flatMap(({ entry, service, endpoint }) => {
      const argument = entry.argument ?? ''
      if (!argument.startsWith('{')) return []
      const old = settings.version !== undefined && compareLevels(settings.version, '3.0') < 0
      const items = listWords(argument.replace(/^\{|\}$/g, '')).slice(1)
      const wrong = items.find((item) => !ITEMS.has(/^\{?\s*([a-z_]+)\s*=/.exec(item)?.[1] ?? ''))
      if (!old && wrong === undefined && endpoint.text !== '') return []
      const fault = old
        ? `Postfix ${settings.version} knows no braces`
        : wrong === undefined
          ? 'there is no server in the braces'
          : `"${wrong}" is no item`
      return [{ detail: `${argument}: ${fault}`, evidence: [entry.where], affects: [service.label] }]
    }),
})

const failsClosed = check({
  id: 'policy-timeout-too-long',
  title: 'mail stops when the greylister does, or waits minutes for it',
  severity: 'warning',
  symptom:
    '451 4.3.5 Server configuration problem as soon as the daemon is down; smtpd processes pile up when it hangs',
  cause:
    'by default Postfix waits 100 s for a policy server, twice, and puts the mail off when there is no answer',
  look: [
    'postconf -n | grep check_policy_service',
    'postconf smtpd_policy_service_timeout smtpd_policy_service_default_action',
  ],
  remedy:
    'write { inet:HOST:PORT, timeout=10s, default_action=DUNNO }: without the greylister mail goes on (Postfix 3.0)',
  autofix: 'confirm',
  needs: ['policyUses', 'settings', 'mainCf'],
  judge: ({ policyUses, settings, mainCf }) => {
    const found = policyUses.filter(
      ({ greylister, timeout, defaultAction, service }) =>
        greylister && service.role === 'mx' && (timeout > 30 || !/^dunno$/i.test(defaultAction.trim())),
    )
    return [...new Map(found.map((use) => [use.endpoint.text, use])).values()].map((use) => {
      const { endpoint, timeout, defaultAction, entry, service } = use
      const modern = settings.version === undefined || compareLevels(settings.version, '3.0') >= 0
      return {
        detail: `${endpoint.text}: timeout ${timeout} s, default_action ${defaultAction}`,
        evidence: [entry.where],
        affects: [endpoint.text, service.label],
        repairs:
          modern && entry.argument === endpoint.text
            ? [
                {
                  kind: 'edit' as const,
                  path: mainCf.path,
                  title: `a short timeout and DUNNO for ${endpoint.text}`,
                  edit: (text: string) =>
                    text.replaceAll(
                      `check_policy_service ${endpoint.text}`,
                      `check_policy_service { ${endpoint.text}, timeout=10s, default_action=DUNNO }`,
                    ),
                },
              ]
            : [],
      }
    })
  },
})

export const POLICY_WORDS = [missingArgument, badTransport, braces, failsClosed]

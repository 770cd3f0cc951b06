import { check } from '../check.js'
import { affected, askedAt, consequence, severityOf } from './common.js'

const SLOW_SECONDS = 1

const hung = check({
  id: 'policy-daemon-hung',
  title: 'the policy server accepts connections and does not answer',
  severity: 'critical',
  symptom:
    'warning: timeout on 127.0.0.1:10023 while reading input attribute name; clients wait minutes for their 451',
  cause: 'the daemon is blocked (its database, DNS, a full disk) or its queue of connections is full',
  look: ['ss -ltn', 'top -b -n 1 | head -n 20', 'journalctl -u greyctl -u postgrey -n 50'],
  remedy:
    'restart the daemon and see what blocks it; a short timeout and default_action=DUNNO keep mail moving meanwhile',
  autofix: 'manual',
  commands: ['service greyctl restart'],
  needs: ['endpoints', 'policyUses'],
  judge: ({ endpoints, policyUses }) =>
    endpoints.flatMap(({ endpoint, outcome, seconds, answer }) => {
      const slow = outcome === 'answered' && seconds > SLOW_SECONDS
      if (!slow && !(outcome === 'silent' && answer === '')) return []
      const took = slow
        ? `answered after ${seconds.toFixed(1)} s`
        : `gave no answer within ${Math.round(seconds)} s`
      return [
        {
          severity: slow ? 'warning' : severityOf(policyUses, endpoint),
          detail: `${endpoint.text} ${took}; ${slow ? 'every mail from a stranger waits for it' : consequence(policyUses, endpoint)}`,
          evidence: askedAt(policyUses, endpoint),
          affects: affected(policyUses, endpoint),
        },
      ]
    }),
})

const closesEarly = check({
  id: 'policy-server-closes-early',
  title: 'the policy server ends the connection without an answer',
  severity: 'critical',
  symptom:
    'warning: problem talking to server 127.0.0.1:10023: Success, or premature end-of-input while reading input attribute name',
  cause:
    'the server failed inside (SMTPD_POLICY_README tells it to disconnect then), or has too many clients',
  look: ['journalctl -u greyctl -u postgrey -n 50'],
  remedy:
    'read the server’s own log; a server that cannot keep connections needs smtpd_policy_service_request_limit = 1',
  autofix: 'manual',
  needs: ['endpoints', 'policyUses'],
  judge: ({ endpoints, policyUses }) =>
    endpoints
      .filter(({ outcome, answer }) => outcome === 'closed' && answer === '')
      .map(({ endpoint }) => ({
        severity: severityOf(policyUses, endpoint),
        detail: `${endpoint.text} took a request and closed the connection; ${consequence(policyUses, endpoint)}`,
        evidence: askedAt(policyUses, endpoint),
        affects: affected(policyUses, endpoint),
      })),
})

/** access(5): a word, a reply code, or a restriction; then a text. */
const ACTION = /^action=(\S+)/m

const WORDS =
  /^(ok|dunno|reject|defer|defer_if_permit|defer_if_reject|discard|hold|filter|redirect|bcc|prepend|warn|info|permit|\d{3}|\d+)$/i

const malformed = check({
  id: 'malformed-policy-reply',
  title: 'the policy server’s answer is not one that Postfix understands',
  severity: 'error',
  symptom:
    'warning: missing attribute action in input from SERVER, unexpected attribute, or unknown smtpd restriction: "WORD" with 451 4.3.5 Server configuration error',
  cause: 'the reply lacks action=, or its action is no word of access(5) and no restriction',
  look: ["printf 'request=smtpd_access_policy\\n\\n' | nc -w 3 127.0.0.1 10023"],
  remedy: 'correct the policy server: it must answer action=WORD and an empty line',
  autofix: 'manual',
  needs: ['endpoints', 'policyUses', 'mainCf'],
  judge: ({ endpoints, policyUses, mainCf }) =>
    endpoints.flatMap(({ endpoint, outcome, answer }) => {
      if (answer === '' || outcome === 'no-connection' || otherProtocol(answer) !== undefined) return []
      const action = ACTION.exec(answer)?.[1]
      const known =
        action !== undefined &&
        (WORDS.test(action) ||
          /^(reject|permit|defer|check)_/.test(action) ||
          mainCf.cf.get(action) !== undefined)
      if (known && outcome === 'answered') return []
      const fault =
        action === undefined
          ? 'the answer has no action='
          : known
            ? 'the answer does not end with an empty line'
            : `"${action}" is no action of access(5)`
      return [
        {
          detail: `${endpoint.text}: ${fault}; ${consequence(policyUses, endpoint)}`,
          evidence: [...askedAt(policyUses, endpoint), { ref: endpoint.text, text: answer.slice(0, 200) }],
          affects: affected(policyUses, endpoint),
        },
      ]
    }),
})

function otherProtocol(answer: string): string | undefined {
  if (/^HTTP\/\d/.test(answer) || /<html/i.test(answer)) return 'a web server'
  if (/^220[ -].*(SMTP|ESMTP|LMTP)/i.test(answer)) return 'a mail server (SMTP)'
  if (/^(\* OK|\+OK)/.test(answer)) return 'a mailbox server (IMAP or POP3)'
  if (/^SSH-/.test(answer)) return 'an SSH server'
  if (/^-ERR/.test(answer)) return 'a Redis server or another program'
  if (/^\d{3}[ -]/.test(answer)) return 'a server that greets with a reply code (SMTP, FTP)'
  return undefined
}

const wrongService = check({
  id: 'wrong-service-on-port',
  title: 'another program answers where Postfix asks its policy server',
  severity: 'error',
  symptom: 'timeouts or unexpected attributes in the log, although the port is open',
  cause: 'the port belongs to a program that does not speak the policy protocol',
  look: ['ss -ltnp', 'nc -w 3 127.0.0.1 10023'],
  remedy: 'write the greylister’s own address and port in main.cf',
  autofix: 'manual',
  needs: ['endpoints', 'policyUses'],
  judge: ({ endpoints, policyUses }) =>
    endpoints.flatMap(({ endpoint, answer }) => {
      const other = otherProtocol(answer)
      if (other === undefined) return []
      return [
        {
          severity: severityOf(policyUses, endpoint),
          detail: `${endpoint.text} is answered by ${other}; ${consequence(policyUses, endpoint)}`,
          evidence: [...askedAt(policyUses, endpoint), { ref: endpoint.text, text: answer.slice(0, 200) }],
          affects: affected(policyUses, endpoint),
        },
      ]
    }),
})

export const DIALOGUE = [hung, closesEarly, malformed, wrongService]

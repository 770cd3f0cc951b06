import { check, type Hit } from '../check.js'
import type { SmtpdAnswer } from '../facts/smtpd-answers.js'

/** Problems that change what smtpd says, or what can be read of its configuration. */
const CAUSES = [
  'smtpd-does-not-start',
  'no-relay-guard',
  'restriction-class-undefined',
  'restriction-class-undeclared',
  'unknown-restriction',
  'restrictions-not-evaluated',
  'policy-brace-syntax',
  'policy-bad-transport',
  'policy-host-unresolvable',
  'unix-socket-missing',
  'unix-socket-permission',
  'policy-server-unreachable',
  'table-type-unsupported',
  'table-db-missing',
  'table-db-stale',
  'regexp-file-missing-or-unreadable',
  'regexp-syntax-error',
  'config-unreadable-to-mail-owner',
  'postconf-fatal',
]

const answersOtherwise = check({
  id: 'smtpd-answers-otherwise',
  title: 'what smtpd answers is not what its configuration says',
  severity: 'error',
  symptom: 'mail is put off, refused or taken, and the restriction lists do not say why',
  cause:
    'something that its lists name cannot be read or reached, or something else ends smtpd; where greyctl reads the lists otherwise, smtpd is right',
  look: [
    'greyctl probe --client 192.0.2.1 --name greyctl-probe.example --from greyctl-probe@DOMAIN --to postmaster@DOMAIN',
    'grep greyctl-probe /var/log/mail.log | tail',
  ],
  remedy:
    'read what smtpd wrote to the mail log at that moment: it names the table, the service or the parameter',
  autofix: 'manual',
  becauseOf: CAUSES,
  needs: ['smtpdAnswers'],
  judge: ({ smtpdAnswers }) =>
    smtpdAnswers
      // one that does not start answers nothing, whatever it is asked
      .filter(
        ({ service, outcome }, at) =>
          outcome !== 'no-service' || smtpdAnswers.findIndex((other) => other.service === service) === at,
      )
      .flatMap(judgeAnswer),
})

function judgeAnswer({ service, about, question, outcome, answer, expected }: SmtpdAnswer): readonly Hit[] {
  if (outcome === undefined || expected.includes(outcome)) return []
  const severity =
    outcome === 'no-service' || (outcome === 'accepted' && about === 'relay')
      ? 'critical'
      : outcome === 'error'
        ? 'error'
        : 'info'
  return [
    {
      severity,
      detail: `${service.label} ${SAYS[outcome]} ${about === 'relay' ? 'a relay attempt' : 'mail for this server'} of a stranger; by its lists: ${expected.map((each) => READS[each]).join(' or ')}`,
      evidence: [{ ref: `${service.label}, ${question}`, text: answer }],
    },
  ]
}

const SAYS = {
  accepted: 'takes',
  deferred: 'puts off',
  refused: 'refuses',
  error: 'cannot judge',
  'no-service': 'ends instead of judging',
} as const

const READS = {
  accepted: 'taken',
  deferred: 'put off',
  refused: 'refused',
  error: 'cannot be judged',
  'no-service': 'smtpd does not start',
} as const

export const SMTPD_ANSWERS = [answersOtherwise]

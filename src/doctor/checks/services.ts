import { check } from '../check.js'
import { LISTS } from '../facts/services.js'
import { greylisted, isMx } from './uses.js'

const submission = check({
  id: 'submission-inherits-greylisting',
  title: 'own users are greylisted when they send mail',
  severity: 'error',
  symptom: 'postfix/submission/smtpd: NOQUEUE: reject: … Greylisted; mail programs show a temporary error',
  cause:
    'the submission service has no list of its own: that of main.cf counts, and asks the greylister before it permits authenticated users',
  look: ['postconf -P | grep submission', 'postconf -n smtpd_recipient_restrictions'],
  remedy:
    'permit authenticated users before the check, or give the service -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject',
  autofix: 'manual',
  becauseOf: ['policy-before-permit-sasl'],
  needs: ['fates'],
  judge: ({ fates }) =>
    fates
      .filter(({ service }) => service.role === 'submission')
      .flatMap(({ service, user }) => {
        const [asked] = greylisted(user)
        if (asked === undefined) return []
        return [
          {
            detail: `${service.label} asks ${asked.endpoint.text} before anything permits authenticated users`,
            evidence: [
              {
                ref: `master.cf:${service.master.line}`,
                text: `${service.label} … ${service.master.command}`,
              },
              asked.where,
            ],
            affects: [service.label],
            commands: [
              `postconf -P "${service.master.name}/${service.master.type}/smtpd_recipient_restrictions=permit_sasl_authenticated,reject"`,
              'postfix reload',
            ],
          },
        ]
      }),
})

const overridden = check({
  id: 'master-override-disables-greylisting',
  title: 'the service on port 25 has a list of its own, without greylisting',
  severity: 'error',
  symptom: 'main.cf asks a greylister, and no mail is ever deferred',
  cause: 'master.cf overrides the list with -o for the service that takes mail from the internet',
  look: ['postconf -P | grep restrictions'],
  remedy: 'take the override out, or add the check to it',
  autofix: 'manual',
  needs: ['fates'],
  judge: ({ fates }) =>
    fates.filter(isMx).flatMap(({ service, outside, others, withoutOverrides }) => {
      const lost = withoutOverrides.find(({ greylister }) => greylister)
      if (lost === undefined || [...outside, ...others].some(({ greylister }) => greylister)) return []
      const own = service.master.overrides.filter(({ name }) => LISTS.some((list) => list === name))
      const [first] = own.filter(({ name }) => name === lost.list).concat(own)
      if (first === undefined) return []
      const where = service.where(first.name)
      return [
        {
          detail: `${service.label} has its own ${first.name}, in which no greylister is asked`,
          evidence: [...(where ? [where] : []), lost.where],
          affects: [service.label],
        },
      ]
    }),
})

const reinjection = check({
  id: 'reinjection-port-greylisted',
  title: 'mail that comes back from a content filter is greylisted again',
  severity: 'error',
  symptom: 'mail stays in the queue of the filter: 450 Greylisted from 127.0.0.1:10025',
  cause:
    'the service that takes mail back from the filter inherits the list of main.cf, and its clients are not in mynetworks',
  look: ['postconf -M | grep 1002', 'postconf -P | grep 1002'],
  remedy:
    'give that service -o smtpd_recipient_restrictions=permit_mynetworks,reject -o mynetworks=127.0.0.0/8',
  autofix: 'manual',
  needs: ['fates'],
  judge: ({ fates }) =>
    fates
      .filter(({ service }) => service.role === 'reinjection')
      .flatMap(({ service, own }) => {
        const [asked] = greylisted(own)
        if (asked === undefined) return []
        return [
          {
            detail: `${service.label} asks ${asked.endpoint.text} before it permits its own clients`,
            evidence: [
              {
                ref: `master.cf:${service.master.line}`,
                text: `${service.label} … ${service.master.command}`,
              },
              asked.where,
            ],
            affects: [service.label],
          },
        ]
      }),
})

const otherInstance = check({
  id: 'wrong-config-dir',
  title: 'mail is handled by another instance of Postfix than this one',
  severity: 'error',
  symptom: 'edits in /etc/postfix have no effect; the log says postfix-in/smtpd',
  cause:
    'Postfix runs in several instances (postmulti(1)); the one that listens on port 25 has a configuration directory of its own',
  look: ['postmulti -l', 'postconf -n multi_instance_directories'],
  remedy: 'look at each instance: greyctl doctor --config-dir DIR',
  autofix: 'manual',
  needs: ['instances', 'mainCf', 'masterCf'],
  judge: ({ instances, mainCf, masterCf }) => {
    const listens = masterCf.services.some(
      ({ type, command }) => type === 'inet' && /(smtpd|postscreen)$/.test(command),
    )
    return instances
      .filter(({ listens: other, asks }) => other && (!listens || !asks))
      .map(({ directory, asks }) => ({
        severity: listens ? ('warning' as const) : ('error' as const),
        detail: listens
          ? `the instance in ${directory} takes mail too${asks ? '' : ', and asks no greylister'}`
          : `this instance takes no mail from the network; the one in ${directory} does`,
        evidence: [{ ref: mainCf.path, text: `multi_instance_directories = … ${directory}` }],
        affects: [directory],
        commands: [`greyctl doctor --config-dir ${directory}`],
      }))
  },
})

export const SERVICES = [submission, overridden, reinjection, otherInstance]

import type { MasterService } from '../../postfix/master-cf.js'
import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'
import type { Facts } from '../facts.js'
import { editLines } from './repairs.js'

const label = ({ name, type }: MasterService) => `${name} ${type}`

const strayWords = check({
  id: 'master-o-whitespace',
  title: 'a blank inside -o name=value tears it apart',
  severity: 'critical',
  symptom: 'fatal: unexpected command-line argument: check_policy_service; bad command startup -- throttling',
  cause:
    'in master.cf a blank ends a word: -o name=value must have none, or be written -o { name = value } (master(5))',
  look: ['postconf -M', 'grep -n -A 9 smtpd /etc/postfix/master.cf'],
  remedy: 'put commas without blanks between the entries, or braces around the setting',
  autofix: 'confirm',
  needs: ['masterCf'],
  judge: ({ masterCf }) =>
    masterCf.services
      .filter(({ command, stray }) => /(^|\/)(smtpd|cleanup|qmgr|pickup)$/.test(command) && stray.length > 0)
      .map((service) => {
        const lines = [...new Set(service.stray.map(({ line }) => line))]
        return {
          detail: `${label(service)}: "${service.stray.map(({ text }) => text).join(' ')}" is left over, and ${service.command} does not start with it`,
          evidence: lines.map((line) => lineOf(masterCf, line)),
          affects: [label(service)],
          repairs: editLines(
            masterCf.path,
            `braces around the setting of ${label(service)}`,
            (text, number) =>
              lines.includes(number)
                ? text.replace(/-o\s*([a-z0-9_]+)=([^{].*?)\s*$/, '-o { $1 = $2 }')
                : text,
          ),
        }
      }),
})

const duplicateService = check({
  id: 'master-duplicate-service',
  title: 'master.cf has the same service twice',
  severity: 'warning',
  symptom: 'an edit of a service has no effect',
  cause: 'the last entry with the same name and type counts (master(5))',
  look: ['postconf -M'],
  remedy: 'take the entry out that does not count',
  autofix: 'manual',
  needs: ['masterCf'],
  judge: ({ masterCf }) => {
    const byLabel = new Map<string, MasterService[]>()
    for (const service of masterCf.services)
      byLabel.set(label(service), [...(byLabel.get(label(service)) ?? []), service])
    return [...byLabel].flatMap(([name, services]) =>
      services.length < 2
        ? []
        : [
            {
              detail: `${name} is there ${services.length} times; line ${services.at(-1)?.line} counts`,
              evidence: services.map(({ line }) => lineOf(masterCf, line)),
              affects: [name],
            },
          ],
    )
  },
})

const brokenEntry = check({
  id: 'master-line-not-indented',
  title: 'a line of master.cf is read as another one than was meant',
  severity: 'error',
  symptom:
    'fatal: /etc/postfix/master.cf: line 12: bad transport type, or field missing; options of a service have no effect',
  cause:
    'an -o line must be indented and a service must not be: a blank at the start of a line makes it part of the line above',
  look: ['postconf -M >/dev/null'],
  remedy: 'indent the options, and start services at the left',
  autofix: 'confirm',
  needs: ['masterCf'],
  judge: ({ masterCf }) => {
    const bad = masterCf.problems.map(({ line, message }) => ({
      severity: 'critical' as const,
      detail: `line ${line}: ${message}`,
      evidence: [lineOf(masterCf, line)],
      affects: [masterCf.path],
      repairs: editLines(masterCf.path, `indent line ${line} of ${masterCf.path}`, (text, number) =>
        number === line && /^-o\s*\S/.test(text) ? `  ${text}` : text,
      ),
    }))
    return [...bad, ...swallowedServices(masterCf)]
  },
})

/** An indented line with the eight fields of a service. */
const SERVICE =
  /^[ \t]+\S+[ \t]+(inet|unix|fifo|pass)[ \t]+[yn-][ \t]+[yn-][ \t]+[yn-][ \t]+\S+[ \t]+\S+[ \t]+\S+/

function swallowedServices(masterCf: Facts['masterCf']) {
  return masterCf.text.split('\n').flatMap((text, at) => {
    if (!SERVICE.test(text)) return []
    const line = at + 1
    return [
      {
        detail: `line ${line} looks like a service, and is indented: it is part of the one above`,
        evidence: [lineOf(masterCf, line)],
        affects: [masterCf.path],
        repairs: editLines(masterCf.path, `line ${line} of ${masterCf.path} to the left`, (each, number) =>
          number === line ? each.trimStart() : each,
        ),
      },
    ]
  })
}

/** Parameters that every transport and spawn service has under its own name. */
const PER_TRANSPORT =
  /_(time_limit|(initial_)?destination_\w+|delivery_slot_\w+|minimum_delivery_slots|(extra_)?recipient_limit|recipient_refill_\w+|transport_rate_delay)$/

const unknownOverride = check({
  id: 'master-unknown-override',
  title: 'master.cf sets a parameter that there is not',
  severity: 'warning',
  symptom: 'an -o setting has no effect',
  cause: 'the name behind -o is misspelt',
  look: ['postconf -P'],
  remedy: 'correct the name',
  autofix: 'manual',
  needs: ['masterCf', 'knownParameters', 'mainCf'],
  judge: ({ masterCf, knownParameters, mainCf }) => {
    const text = `${mainCf.text}\n${masterCf.text}`
    return masterCf.services.flatMap((service) =>
      service.overrides
        // a parameter of one's own is fine where something refers to it
        .filter(
          ({ name }) =>
            !knownParameters.has(name) && !text.includes(`$${name}`) && !text.includes(`{${name}`),
        )
        .filter(({ name }) => !PER_TRANSPORT.test(name))
        .map(({ name, line }) => ({
          detail: `${label(service)}: nothing reads ${name}`,
          evidence: [lineOf(masterCf, line)],
          affects: [label(service)],
        })),
    )
  },
})

export const MASTER_CF = [strayWords, duplicateService, brokenEntry, unknownOverride]

import { listWords } from '../../postfix/restriction-list.js'
import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'
import { unknownEntries } from './restriction-names.js'

const undeclared = check({
  id: 'restriction-class-undeclared',
  title: 'a restriction class is used and not declared',
  severity: 'critical',
  symptom:
    'warning: unknown smtpd restriction: "greylisting", and 451 4.3.5 Server configuration error for everybody',
  cause: 'the class has a definition, and its name is missing from smtpd_restriction_classes',
  look: ['postconf -n smtpd_restriction_classes'],
  remedy: 'add the name to smtpd_restriction_classes',
  autofix: 'confirm',
  needs: ['services', 'mainCf'],
  judge: ({ services, mainCf }) =>
    unknownEntries(services).flatMap(({ entry, list, service }) => {
      const definition = mainCf.cf.definitions.find(({ name }) => name === entry.word)
      if (definition === undefined) return []
      const { name } = definition
      return [
        {
          detail: `${list} uses ${name}, which smtpd_restriction_classes does not name`,
          evidence: [entry.where, lineOf(mainCf, definition.line)],
          affects: [service.label],
          repairs: [
            {
              kind: 'edit' as const,
              path: mainCf.path,
              title: `declare the class ${name}`,
              edit: (text: string) => declare(text, name),
            },
          ],
        },
      ]
    }),
})

function declare(text: string, name: string): string {
  const assignment = /^(smtpd_restriction_classes[ \t]*=[ \t]*)(.*)$/m
  if (assignment.test(text))
    return text.replace(
      assignment,
      (_, head: string, rest: string) => `${head}${name}${rest === '' ? '' : `, ${rest}`}`,
    )
  return `${text}${text.endsWith('\n') ? '' : '\n'}smtpd_restriction_classes = ${name}\n`
}

const undefinedClass = check({
  id: 'restriction-class-undefined',
  title: 'a restriction class is declared and has no definition: smtpd does not start',
  severity: 'critical',
  symptom: "fatal: restriction class `greylist' needs a definition",
  cause: 'smtpd_restriction_classes names a class whose parameter is missing or empty',
  look: ['postconf -n smtpd_restriction_classes'],
  remedy: 'define the class, or take its name out of smtpd_restriction_classes',
  autofix: 'manual',
  needs: ['services', 'mainCf'],
  judge: ({ services, mainCf }) => {
    const line = mainCf.cf.get('smtpd_restriction_classes')?.line
    const names = listWords(services[0]?.get('smtpd_restriction_classes') ?? '')
    return names
      .filter((name) => (mainCf.cf.get(name)?.value ?? '') === '')
      .map((name) => ({
        detail: `${name} has no definition`,
        evidence: line ? [lineOf(mainCf, line)] : [],
        affects: services.map(({ label }) => label),
      }))
  },
})

const recursion = check({
  id: 'restriction-class-recursion-or-dup',
  title: 'a restriction class contains itself',
  severity: 'error',
  symptom: 'warning: access table … entry … causes unreasonable recursion; 451 4.3.5',
  cause: 'the definition of the class names the class, directly or through another',
  look: ['postconf -n smtpd_restriction_classes'],
  remedy: 'take the name out of its own definition',
  autofix: 'manual',
  needs: ['services', 'mainCf'],
  judge: ({ services, mainCf }) => {
    const names = listWords(services[0]?.get('smtpd_restriction_classes') ?? '')
    const inside = (name: string) =>
      listWords(mainCf.cf.get(name)?.value ?? '').filter((word) => names.includes(word))
    const reaches = (from: string, to: string, seen: ReadonlySet<string>): boolean =>
      inside(from).some(
        (next) => next === to || (!seen.has(next) && reaches(next, to, new Set([...seen, next]))),
      )
    return names
      .filter((name) => reaches(name, name, new Set([name])))
      .map((name) => ({
        detail: `${name} contains itself`,
        evidence: [lineOf(mainCf, mainCf.cf.get(name)?.line ?? 1)],
        affects: [mainCf.path],
      }))
  },
})

export const CLASSES = [undeclared, undefinedClass, recursion]

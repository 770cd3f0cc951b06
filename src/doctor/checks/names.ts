import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'
import { editLines } from './repairs.js'

const undefinedName = check({
  id: 'undefined-name',
  title: 'a value refers to a parameter that there is not',
  severity: 'warning',
  symptom: 'postconf: warning: main.cf: undefined parameter: NAME',
  cause:
    'the name is misspelt, or its definition was taken out; it counts as empty, and a list may become empty with it',
  look: ['postconf -n >/dev/null'],
  remedy: 'define the parameter, or correct the name',
  autofix: 'manual',
  becauseOf: ['restriction-class-undefined'],
  needs: ['postconf', 'mainCf', 'masterCf'],
  judge: ({ postconf, mainCf, masterCf }) =>
    postconf.warnings.flatMap((warning) => {
      const name = /undefined parameter: (\S+)$/.exec(warning)?.[1]
      if (name === undefined) return []
      const at = [mainCf, masterCf].flatMap((file) => {
        const line = file.text
          .split('\n')
          .findIndex((text) => !/^\s*#/.test(text) && new RegExp(`\\b${escapeName(name)}\\b`).test(text))
        return line < 0 ? [] : [lineOf(file, line + 1)]
      })
      return [{ detail: `nothing defines ${name}`, evidence: at.slice(0, 1), affects: [mainCf.path] }]
    }),
})

function escapeName(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

const unused = check({
  id: 'policy-only-in-inactive-list',
  title: 'a setting that nothing reads, and that looks like another one',
  severity: 'error',
  symptom:
    'postconf: warning: main.cf: unused parameter: smtpd_recipient_restriction=…; greylisting never happens',
  cause: 'the name of a parameter is misspelt: Postfix takes any name, and reads only those that it knows',
  look: ['postconf -n >/dev/null'],
  remedy: 'correct the name',
  autofix: 'confirm',
  needs: ['postconf', 'mainCf', 'knownParameters'],
  judge: ({ postconf, mainCf, knownParameters }) =>
    postconf.warnings.flatMap((warning) => {
      const name = /unused parameter: ([^=\s]+)=/.exec(warning)?.[1]
      const definition = name === undefined ? undefined : mainCf.cf.get(name)
      if (name === undefined || definition === undefined) return []
      const right = nearest(name, knownParameters)
      const holdsCheck = /check_policy_service|_restrictions?$/.test(`${definition.value} ${name}`)
      if (right === undefined && !holdsCheck) return []
      const free = right !== undefined && mainCf.cf.get(right) === undefined
      return [
        {
          severity: holdsCheck ? ('error' as const) : ('warning' as const),
          detail: `nothing reads ${name}${right ? `; do you mean ${right}?` : ', which holds a policy check: a restriction class that is not declared, perhaps'}`,
          evidence: [lineOf(mainCf, definition.line)],
          affects: [mainCf.path],
          repairs: free
            ? editLines(mainCf.path, `call it ${right}`, (line, number) =>
                number === definition.line ? line.replace(name, right) : line,
              )
            : [],
        },
      ]
    }),
})

/** The known name within two edits; none for short names, which are near to many. */
function nearest(name: string, known: ReadonlySet<string>): string | undefined {
  if (name.length < 8) return undefined
  return [...known].find((other) => Math.abs(other.length - name.length) <= 2 && distance(name, other) <= 2)
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

export const NAMES = [undefinedName, unused]

import { distance } from 'fastest-levenshtein'
import { check } from '../check.js'
import { lineOf, lineText } from '../facts/text-file.js'
import type { Evidence } from '../finding.js'
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
  judge: ({ postconf, mainCf, masterCf }) => {
    const names = postconf.warnings.flatMap(
      (warning) => /undefined parameter: (\S+)$/.exec(warning)?.[1] ?? [],
    )
    const places = firstLines([mainCf, masterCf], new Set(names))
    return names.map((name) => ({
      detail: `nothing defines ${name}`,
      evidence: [places.get(name) ?? []].flat(),
      affects: [mainCf.path],
    }))
  },
})

/** Where each of these names stands first, in a line that is no comment. */
function firstLines(
  files: readonly { readonly path: string; readonly text: string }[],
  names: ReadonlySet<string>,
): ReadonlyMap<string, Evidence> {
  const places = new Map<string, Evidence>()
  if (names.size === 0) return places
  for (const file of files) {
    file.text.split('\n').forEach((text, at) => {
      if (/^\s*#/.test(text)) return
      // $name, ${name} and its kin: mac_parse(3)
      for (const word of text.match(/\w+/g) ?? []) {
        if (!names.has(word) || places.has(word)) continue
        places.set(word, lineText(file.path, at + 1, text))
      }
    })
  }
  return places
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
  judge: ({ postconf, mainCf, knownParameters }) => {
    const known = [...knownParameters]
    return postconf.warnings.flatMap((warning) => {
      const name = /unused parameter: ([^=\s]+)=/.exec(warning)?.[1]
      const definition = name === undefined ? undefined : mainCf.cf.get(name)
      if (name === undefined || definition === undefined) return []
      const right = nearest(name, known)
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
    })
  },
})

/** The known name within two edits; none for short names, which are near to many. */
function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length < 8) return undefined
  return known.find((other) => Math.abs(other.length - name.length) <= 2 && distance(name, other) <= 2)
}

export const NAMES = [undefinedName, unused]

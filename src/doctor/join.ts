import { type Finding, SEVERITIES } from './finding.js'

/** Which problems bring a problem about. */
export type Causes = (id: string) => readonly string[]

/**
 * One cause, told once: the most severe causes first, what they bring about right under them. A consequence and
 * its cause share a subject, or one of them has none.
 */
export function joinFindings(findings: readonly Finding[], causes: Causes): readonly Finding[] {
  const joined = findings.map((finding) => {
    const cause = findings.find((other) => causes(finding.id).includes(other.id) && related(finding, other))
    return { ...finding, consequenceOf: cause?.id ?? null }
  })
  const roots = joined.filter(({ consequenceOf }) => consequenceOf === null).sort(bySeverity)
  const rest = new Set(joined.filter(({ consequenceOf }) => consequenceOf !== null))
  const ordered: Finding[] = []
  const tell = (finding: Finding) => {
    ordered.push(finding)
    for (const other of [...rest].sort(bySeverity)) {
      if (other.consequenceOf !== finding.id || !rest.delete(other)) continue
      tell(other)
    }
  }
  for (const root of roots) tell(root)
  // causes in a circle: nobody is the root
  for (const finding of [...rest].sort(bySeverity)) ordered.push({ ...finding, consequenceOf: null })
  return ordered
}

function related(one: Finding, other: Finding): boolean {
  if (one === other) return false
  return (
    one.affects.length === 0 ||
    other.affects.length === 0 ||
    one.affects.some((subject) => other.affects.includes(subject))
  )
}

function bySeverity(a: Finding, b: Finding): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
}

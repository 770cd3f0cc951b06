/** One section of a page that several scripts write: from its `## ` heading to the next one, or the end. */

function boundsOf(page, title) {
  const start = page.indexOf(`## ${title}\n`)
  if (start === -1) return undefined
  const next = page.indexOf('\n## ', start + 3)
  return [start, next === -1 ? page.length : next + 1]
}

/** With its heading; '' where there is none. */
export function sectionOf(page, title) {
  const bounds = boundsOf(page, title)
  return bounds === undefined ? '' : page.slice(...bounds).trimEnd()
}

/** In its place, or at the end. '' takes nothing away. */
export function withSection(page, title, section) {
  if (section === '') return page
  const [start, end] = boundsOf(page, title) ?? [page.length, page.length]
  const before = page.slice(0, start).trimEnd()
  const after = page.slice(end).trim()
  return `${[before, section.trim(), after].filter(Boolean).join('\n\n')}\n`
}

/** What bench/simulate.mjs writes into docs/benchmarks.md. */
export const GOOD_MAIL = 'How long good mail waits'

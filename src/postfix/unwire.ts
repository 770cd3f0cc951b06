import { emptyAgain, findReferences, removeReferences } from './edit.js'
import { lineStop } from './logical-lines.js'
import type { Definition, MainCf } from './main-cf.js'
import { COMMENT_EMPTY, commentAbove, createdValues, GREYCTL_PARAMETER, isOurs } from './ours.js'

/**
 * Takes out what `wireGreylisting` put in, also after somebody edited around it: the word wherever it stands now,
 * the parameter and the comment above it, and the list where wire made it and it is unchanged. Never fails on
 * other lines of the file being broken; a parameter of the same name with another meaning stays.
 */
export function unwireGreylisting(cf: MainCf, parameter: string = GREYCTL_PARAMETER): MainCf {
  const all = cf.definitions.filter((definition) => definition.name === parameter)
  if (!all.every((definition) => isOurs(cf, definition))) return cf
  const emptied = all.reduce((changed, definition) => undoFilled(changed, definition, parameter), cf)
  let changed = emptied
  for (;;) {
    const definition = changed.definitions.findLast((each) => each.name === parameter)
    if (definition === undefined) return removeReferences(changed, parameter)
    changed = removeBlock(changed, definition, parameter)
  }
}

function undoFilled(cf: MainCf, own: Definition, parameter: string): MainCf {
  if (commentAbove(cf, own)?.text !== COMMENT_EMPTY) return cf
  for (const { definition } of findReferences(cf, parameter)) {
    for (const value of createdValues(parameter)) {
      const undone = emptyAgain(cf, { ...definition, duplicates: [] }, value)
      if (undone !== undefined) return undone
    }
  }
  return cf
}

/** The parameter with its comment and, directly below, the list that wire made. Comments inside a folded value stay. */
function removeBlock(cf: MainCf, definition: Definition, parameter: string): MainCf {
  const comment = commentAbove(cf, definition)
  const pieces = definition.logical.pieces.map((piece) => ({
    start: piece.start,
    end: lineStop(cf.text, piece.end),
  }))
  const last = pieces.at(-1)
  const created = last && createdBelow(cf, last.end, parameter)
  const ranges = [...(comment ? [comment] : []), ...pieces, ...(created ? [created] : [])]
  const atEnd = ranges.at(-1)?.end === cf.text.length && !cf.text.endsWith('\n')
  let changed = cf
  for (const range of ranges.reverse()) changed = changed.splice(range.start, range.end, '')
  // appended to a file without a last line feed: the one in front was ours too
  if (atEnd && comment !== undefined) {
    const feed = /\r?\n$/.exec(changed.text)?.[0] ?? ''
    const own = Math.min(comment.lineEnd.length, feed.length)
    return changed.splice(changed.text.length - own, changed.text.length, '')
  }
  return changed
}

function createdBelow(
  cf: MainCf,
  start: number,
  parameter: string,
): { start: number; end: number } | undefined {
  const definition = cf.definitions.find((each) => each.logical.pieces[0]?.start === start)
  if (definition === undefined || definition.logical.pieces.length !== 1) return undefined
  const written = definition.logical.joined.replace(/\r$/, '')
  const canonical = createdValues(parameter).map((value) => `${definition.name} = ${value}`)
  return canonical.includes(written) ? { start, end: lineStop(cf.text, start) } : undefined
}

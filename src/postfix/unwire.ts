import { ownBlock, withoutBlock } from './block.js'
import { emptyAgain, findReferences, removeReferences } from './edit.js'
import type { Definition, MainCf } from './main-cf.js'
import { COMMENT, COMMENT_EMPTY, commentAbove, createdValues, GREYCTL_PARAMETER, isOurs } from './ours.js'
import { removeGreylistClass } from './selective.js'

/**
 * Takes out what `wireGreylisting` put in, also after somebody edited around it: the word wherever it stands now,
 * the parameter and the comment above it, and the list where wire made it and it is unchanged. Never fails on
 * other lines of the file being broken; a parameter of the same name with another meaning stays.
 */
export function unwireGreylisting(given: MainCf, parameter: string = GREYCTL_PARAMETER): MainCf {
  const cf = removeGreylistClass(given)
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

function removeBlock(cf: MainCf, definition: Definition, parameter: string): MainCf {
  const lists = cf.names().filter((name) => /^smtpd_[a-z_]+_restrictions$/.test(name))
  const below = lists.flatMap((list) => createdValues(parameter).map((value) => `${list} = ${value}`))
  return withoutBlock(cf, ownBlock(cf, definition, { comments: [COMMENT, COMMENT_EMPTY], below }))
}

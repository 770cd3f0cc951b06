import { ownBlock, withoutBlock } from './block.js'
import { fillEmpty, insertToken, removeToken } from './edit.js'
import type { MainCf } from './main-cf.js'
import { COMMENT_CLASS, GREYLIST_CLASS, isOurClass } from './ours.js'
import { listWords, tokensOf } from './restriction-list.js'

const CLASSES = 'smtpd_restriction_classes'
const CREATED = `${CLASSES} = ${GREYLIST_CLASS}`

/**
 * The restriction class that the table of selective greylisting names (RESTRICTION_CLASS_README): at the end of the
 * file, under a comment of its own, and as one word in smtpd_restriction_classes; classes that are there stay.
 */
export function addGreylistClass(cf: MainCf, service: string): MainCf {
  const lines = [COMMENT_CLASS, `${GREYLIST_CLASS} = check_policy_service ${service}`]
  const classes = cf.get(CLASSES)
  if (classes === undefined) return cf.append([...lines, CREATED])
  const named = listWords(classes.value).includes(GREYLIST_CLASS)
  return (named ? cf : withWord(cf, tokensOf(classes).length)).append(lines)
}

function withWord(cf: MainCf, words: number): MainCf {
  const classes = cf.get(CLASSES)
  if (words > 0 || classes === undefined) return insertToken(cf, CLASSES, words, GREYLIST_CLASS)
  return fillEmpty(cf, classes, GREYLIST_CLASS)
}

/** The reverse: the class with its comment, and its word, or the whole list where `addGreylistClass` made it. */
export function removeGreylistClass(cf: MainCf): MainCf {
  const own = cf.definitions.findLast(
    (definition) => definition.name === GREYLIST_CLASS && isOurClass(cf, definition),
  )
  if (own === undefined) return cf
  const block = ownBlock(cf, own, { comments: [COMMENT_CLASS], below: [CREATED] })
  return withoutWord(withoutBlock(cf, block))
}

function withoutWord(cf: MainCf): MainCf {
  const definition = cf.get(CLASSES)
  if (definition === undefined) return cf
  const tokens = tokensOf(definition)
  const index = tokens.findIndex(({ text }) => text === GREYLIST_CLASS)
  return index < 0 ? cf : removeToken(cf, { definition, tokens, index })
}

import { findReferences } from './edit.js'
import type { MainCf } from './main-cf.js'
import { listWords, tokensOf } from './restriction-list.js'

export interface PlaceTaken {
  readonly cf: MainCf
  /** The words as they were written, to be put back. */
  readonly words: string
  readonly line: number
}

/**
 * Puts `$parameter` in the place of `check_policy_service ENDPOINT`, wherever the definition that counts has it: in the
 * list, in a restriction class, in a parameter of the administrator's. undefined where it is written in another way.
 */
export function takePlace(cf: MainCf, endpoint: string, parameter: string): PlaceTaken | undefined {
  for (const definition of cf.definitions) {
    if (cf.get(definition.name)?.line !== definition.line) continue
    const tokens = tokensOf(definition)
    const at = tokens.findIndex(
      ({ text }, index) =>
        text.toLowerCase() === 'check_policy_service' &&
        endpointOf(tokens[index + 1]?.text ?? '') === endpoint,
    )
    const [first, last] = [tokens[at], tokens[at + 1]]
    if (first === undefined || last === undefined) continue
    const words = cf.text.slice(first.start, last.end)
    return { cf: cf.splice(first.start, last.end, `$${parameter}`), words, line: definition.line }
  }
  return undefined
}

/** The reverse, wherever the word stands now; as it is where nothing refers to the parameter. */
export function giveBack(cf: MainCf, words: string, parameter: string): MainCf {
  const reference = findReferences(cf, parameter)[0]
  const token = reference?.tokens[reference.index]
  return token === undefined ? cf : cf.splice(token.start, token.end, words)
}

function endpointOf(argument: string): string {
  return argument.startsWith('{') ? (listWords(argument.slice(1, -1))[0] ?? '') : argument
}

import { GreyctlError } from '../errors.js'
import { lineStart, lineStop, offsetOf } from './logical-lines.js'
import type { MainCf } from './main-cf.js'
import type { MasterCf, MasterOverride, MasterService, MasterWord } from './master-cf.js'
import { groupTokens, type RestrictionList, tokensBetween } from './restriction-list.js'

/**
 * Gives a service an `-o name=value`, or changes the one that counts, in its own place; nothing else moves. A value
 * with blanks is written as `{ name = value }` (Postfix >= 3.0). Throws GreyctlError('usage') for a name or value
 * that would not be read back, ('config-invalid') when there is no such service.
 */
export function setOverride(cf: MasterCf, service: MasterService, name: string, value: string): MasterCf {
  assertWritable(name, value)
  const written = needsBraces(value) ? `{ ${name} = ${value} }` : `${name}=${value}`
  const known = overrideOf(current(cf, service), name)
  if (known === undefined) return addOverride(cf, service, written)
  if (known.value === value) return cf
  if (known.word !== known.option) return cf.splice(known.word.start, known.word.end, written)
  // `-oname=value` in one word; no flag in front of it has that letter
  const start = known.word.start + known.word.text.indexOf('o') + 1
  return cf.splice(start, known.word.end, needsBraces(value) ? ` ${written}` : written)
}

/** The `-o` of a service that counts: the last one of that name. */
export function overrideOf(service: MasterService, name: string): MasterOverride | undefined {
  return service.overrides.findLast((override) => override.name === name)
}

/** Takes out every `-o` of that name, the exact reverse of `setOverride` where that added it. Comments stay. */
export function removeOverride(cf: MasterCf, service: MasterService, name: string): MasterCf {
  const known = overrideOf(current(cf, service), name)
  if (known === undefined) return cf
  const changed = known.word === known.option ? cf : removeWord(cf, known.word, service)
  return removeOverride(removeWord(changed, known.option, service), service, name)
}

/** The restriction list that an `-o` of a service holds, its words placed in master.cf; undefined when it has none. */
export function overrideList(
  main: MainCf,
  service: MasterService,
  list: string,
): RestrictionList | undefined {
  const override = overrideOf(service, list)
  if (override === undefined) return undefined
  return groupTokens(main, tokensBetween(service.logical, override.valueStart, override.valueEnd))
}

/**
 * Puts one word into a restriction list that a service has as an override, before its word number `gap` (0: first;
 * the number of words: last). Throws GreyctlError('usage') for a word with blanks, ('config-invalid') where there is
 * no such list or a restriction wants its argument at that place.
 */
export function insertOverrideToken(
  cf: MasterCf,
  main: MainCf,
  place: { readonly service: MasterService; readonly list: string; readonly gap: number },
  word: string,
): MasterCf {
  const service = current(cf, place.service)
  const override = overrideOf(service, place.list)
  const read = overrideList(main, service, place.list)
  const where = `${cf.path}:${override?.line ?? service.line}`
  if (override === undefined || read === undefined) {
    const message = `the service ${service.name} ${service.type} has no ${place.list} of its own`
    throw new GreyctlError('config-invalid', message, { where })
  }
  if (/[\s,{}]/.test(word) || word === '') throw new GreyctlError('usage', `not one word: "${word}"`)
  const before = read.tokens[place.gap - 1]
  if (before === undefined) {
    const first = read.tokens[0]
    const at = first?.start ?? offsetOf(service.logical, override.valueStart - 1) + 1
    return cf.splice(at, at, first === undefined ? word : `${word},`)
  }
  if (read.gapAfter[place.gap - 1] !== true) {
    const message = `"${before.text}" in ${place.list} still wants its argument`
    throw new GreyctlError('config-invalid', message, { where })
  }
  return cf.splice(before.end, before.end, `,${word}`)
}

/** Takes one word out of such a list again, with the comma that came with it. */
export function removeOverrideToken(
  cf: MasterCf,
  main: MainCf,
  { service: asked, list }: { readonly service: MasterService; readonly list: string },
  word: string,
): MasterCf {
  const service = current(cf, asked)
  const tokens = overrideList(main, service, list)?.tokens ?? []
  const index = tokens.findIndex((token) => token.text === word)
  const [before, own, after] = [tokens[index - 1], tokens[index], tokens[index + 1]]
  if (own === undefined) return cf
  if (before !== undefined) return cf.splice(before.end, own.end, '')
  return cf.splice(own.start, after?.start ?? own.end, '')
}

/** The service as it stands in `cf`, which may have changed since the caller looked. */
function current(cf: MasterCf, service: MasterService): MasterService {
  const found = cf.get(service.name, service.type)
  if (found !== undefined) return found
  const message = `there is no service ${service.name} ${service.type}`
  throw new GreyctlError('config-invalid', message, { where: cf.path })
}

/** Behind the last override, else behind the command: options come before every other argument. */
function addOverride(cf: MasterCf, asked: MasterService, written: string): MasterCf {
  const service = current(cf, asked)
  const last = service.overrides.at(-1)
  const behind = last?.word ?? service.words[7]
  if (behind === undefined) return cf
  const from = last?.option ?? service.args[0]
  const start = lineStart(cf.text, from?.start ?? service.words[0]?.start ?? 0)
  const own = from === undefined ? '' : cf.text.slice(start, from.start)
  const folded = from === undefined || (/^[ \t]+$/.test(own) && start > (service.words[0]?.start ?? 0))
  const glue = folded ? cf.lineEnd + (own || '  ') : ' '
  return cf.splice(behind.end, behind.end, `${glue}-o ${written}`)
}

function removeWord(cf: MasterCf, word: MasterWord, service: MasterService): MasterCf {
  const words = current(cf, service).words
  const before = words[words.findIndex((each) => each.start === word.start) - 1]
  if (before !== undefined && cf.text.slice(before.end, word.start).trim() === '') {
    return cf.splice(before.end, word.end, '')
  }
  // behind a comment: a line of its own goes, of another one only the word
  const [from, to] = [lineStart(cf.text, word.start), lineStop(cf.text, word.end)]
  const alone = (cf.text.slice(from, word.start) + cf.text.slice(word.end, to)).trim() === ''
  return alone ? cf.splice(from, to, '') : cf.splice(word.start, word.end, '')
}

/** A short form ends at a blank, and a brace at its start would be taken for a group (master(5), NOTE 2). */
function needsBraces(value: string): boolean {
  return /[ \t{}]/.test(value)
}

function assertWritable(name: string, value: string): void {
  if (!/^[A-Za-z0-9_]+$/.test(name)) throw new GreyctlError('usage', `not a parameter name: "${name}"`)
  let depth = 0
  for (const character of value) {
    if (character === '{') depth += 1
    if (character === '}') depth -= 1
    if (depth < 0) break
  }
  if (depth !== 0 || /[\0\r\n]/.test(value) || value !== value.trim() || /[ \t]{2}|\t/.test(value)) {
    throw new GreyctlError('usage', `the value of ${name} must be one line with its braces in pairs`)
  }
}

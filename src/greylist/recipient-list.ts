import { AddressMap } from './address-map.js'
import { expressionIn, type ListText, type ListWarning, readEntries } from './list-file.js'

/** Recipients whose mail is never greylisted. */
export interface RecipientList {
  readonly size: number
  matches(recipient: string): boolean
}

interface Entries {
  readonly expressions: RegExp[]
  readonly addresses: AddressMap<true>
}

/**
 * postgrey's format (postgrey(8), --whitelist-recipients): `/expression/` over the whole address; `user@domain`, also
 * with a `+extension`; `user@` at any domain; `domain` and all below it.
 */
export function parseRecipientList(files: readonly ListText[]): {
  readonly list: RecipientList
  readonly warnings: readonly ListWarning[]
} {
  const entries: Entries = { expressions: [], addresses: new AddressMap() }
  const warnings = readEntries(files, (entry) => addEntry(entries, entry))
  return { list: recipientList(entries), warnings }
}

function addEntry(entries: Entries, entry: string): string | undefined {
  const expression = expressionIn(entry)
  if (typeof expression === 'string') return expression
  if (expression !== undefined) {
    entries.expressions.push(expression)
    return undefined
  }
  if (/\s/.test(entry) || entry.startsWith('@') || entry === '.') return "doesn't look like an address"
  entries.addresses.set(entry, true)
  return undefined
}

function recipientList({ expressions, addresses }: Entries): RecipientList {
  return {
    size: expressions.length + addresses.size,
    matches: (recipient) =>
      addresses.find(recipient) === true || expressions.some((expression) => expression.test(recipient)),
  }
}

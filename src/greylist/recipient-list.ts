import { AddressMap } from './address-map.js'
import { eachEntry, type ListWarning, parseExpression } from './list-file.js'

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
export function parseRecipientList(files: readonly { readonly path: string; readonly text: string }[]): {
  readonly list: RecipientList
  readonly warnings: readonly ListWarning[]
} {
  const entries: Entries = { expressions: [], addresses: new AddressMap() }
  const warnings: ListWarning[] = []
  for (const { path, text } of files) {
    eachEntry(text, (entry, line) => {
      const complaint = addEntry(entries, entry)
      if (complaint !== undefined) warnings.push({ path, line, message: complaint })
    })
  }
  return { list: recipientList(entries), warnings }
}

function addEntry(entries: Entries, entry: string): string | undefined {
  if (/^\/\S*\/$/.test(entry)) {
    const expression = parseExpression(entry.slice(1, -1))
    if (typeof expression === 'string') return expression
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

import { hasSuffix } from './client-list.js'
import { eachEntry, type ListWarning, parseExpression } from './list-file.js'

/** Recipients whose mail is never greylisted. */
export interface RecipientList {
  readonly size: number
  matches(recipient: string): boolean
}

interface Entries {
  readonly expressions: RegExp[]
  readonly addresses: Set<string>
  readonly locals: Set<string>
  readonly domains: Set<string>
}

/**
 * postgrey's format (postgrey(8), --whitelist-recipients): `/expression/` over the whole address; `user@domain`, also
 * with a `+extension`; `user@` at any domain; `domain` and all below it.
 */
export function parseRecipientList(files: readonly { readonly path: string; readonly text: string }[]): {
  readonly list: RecipientList
  readonly warnings: readonly ListWarning[]
} {
  const entries: Entries = { expressions: [], addresses: new Set(), locals: new Set(), domains: new Set() }
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
  const lower = entry.toLowerCase()
  if (/\s/.test(lower) || lower.startsWith('@') || lower === '.') return "doesn't look like an address"
  if (lower.endsWith('@')) entries.locals.add(lower.slice(0, -1))
  else if (lower.includes('@')) entries.addresses.add(lower)
  else entries.domains.add(lower.replace(/^\.+/, ''))
  return undefined
}

function recipientList({ expressions, addresses, locals, domains }: Entries): RecipientList {
  return {
    size: expressions.length + addresses.size + locals.size + domains.size,
    matches(recipient) {
      const lower = recipient.toLowerCase()
      const at = lower.lastIndexOf('@')
      const local = at < 0 ? lower : lower.slice(0, at)
      const domain = at < 0 ? '' : lower.slice(at + 1)
      const plain = withoutExtension(local)
      if (locals.has(local) || locals.has(plain)) return true
      if (addresses.has(lower) || addresses.has(`${plain}@${domain}`)) return true
      return hasSuffix(domains, domain) || expressions.some((expression) => expression.test(recipient))
    },
  }
}

function withoutExtension(local: string): string {
  const plus = local.indexOf('+')
  return plus > 0 ? local.slice(0, plus) : local
}

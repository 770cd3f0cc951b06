import { parseExpression } from './list-file.js'

export interface Complaint {
  /** Stable, for scripts. */
  readonly id: string
  readonly severity: 'warning' | 'info'
  readonly message: string
}

/** Texts that no entry should match all of: whoever does says "everybody". */
const STRANGERS = {
  clients: ['mx1.some-firm.example', 'dsl-192-0-2-17.provider.example', 'a.b.c.example', 'unknown'],
  recipients: ['alice@one.example', 'info@two.example', '12345@three.example'],
} as const

/** An expression of a list; nothing is anchored in it, and case does not count (postgrey(8)). */
export function complainOfExpression(kind: 'clients' | 'recipients', source: string): readonly Complaint[] {
  const expression = parseExpression(source)
  if (typeof expression === 'string') return [warning('unreadable', expression)]
  if (STRANGERS[kind].every((text) => expression.test(text))) return [warning('broad', 'matches everybody')]
  if (kind === 'clients' && expression.test('unknown')) {
    return [warning('broad', 'every client without a verified name is called unknown, and this matches it')]
  }
  if (kind === 'clients' && source.includes('@')) {
    return [
      warning('never-matches', 'never matches: clients have host names, and this asks for a mail address'),
    ]
  }
  return [...unanchored(kind, source), ...looseDots(source), ...globStar(source)]
}

function unanchored(kind: 'clients' | 'recipients', source: string): readonly Complaint[] {
  const ends = /(?:^|[^\\])\$\)?$/.test(source)
  const begins = /^\(?\^|^\\\.|^\(\^\|\\\.\)|^\(\?:\^\|\\\.\)|^@/.test(source)
  if (kind === 'clients' && /(?:^|[^\\])\.[*+]\??\)?\$$/.test(source)) {
    return [
      warning('unanchored', 'whatever comes at its end matches: a name of somebody else that begins so, too'),
    ]
  }
  if (!ends && kind === 'clients') {
    return [
      warning('unanchored', 'no $ at its end: a name of somebody else that goes on behind it matches, too'),
    ]
  }
  if (!ends) return [warning('unanchored', 'no $ at its end: an address that goes on behind it matches, too')]
  if (begins || kind === 'recipients') return []
  return [
    warning('unanchored', 'neither ^ nor \\. at its start: a longer name that ends like it matches, too'),
  ]
}

/** A dot before a letter stands for any character, where the dot of a name was meant. */
function looseDots(source: string): readonly Complaint[] {
  const plain = source.replace(/\\./g, '').replace(/\[[^\]]*\]/g, '')
  if (!/\.(?=[a-z0-9-])/i.test(plain)) return []
  return [warning('loose-dot', 'a dot without \\ before it stands for any character')]
}

/** `mail-*\.example\.org`, as in a shell: there, * stands for anything. */
function globStar(source: string): readonly Complaint[] {
  const star = /[a-z-](?=\*)/i.exec(source.replace(/\\.|\[[^\]]*\]/g, '%'))?.[0]
  if (star === undefined) return []
  return [warning('glob', `* repeats the ${star} before it, and stands for nothing else: write ${star}.*`)]
}

function warning(id: string, message: string): Complaint {
  return { id, severity: 'warning', message }
}

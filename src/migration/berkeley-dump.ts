/** A pair of a Berkeley DB, a character a byte. */
export type Pair = readonly [key: string, value: string]

/**
 * Reads what db_dump(1) prints (format=bytevalue): a header up to `HEADER=END`, then a line for each key and each value,
 * indented by a blank, in hexadecimal, up to `DATA=END`. Throws an Error for anything else: half a dump is none.
 */
export async function* readDump(lines: AsyncIterable<string> | Iterable<string>): AsyncIterable<Pair> {
  let state: 'header' | 'data' | 'end' = 'header'
  let key: string | undefined
  for await (const line of lines) {
    if (state === 'header') {
      if (/^format=(?!bytevalue$)/.test(line)) throw new Error(`a dump that is not in hexadecimal: ${line}`)
      if (line === 'HEADER=END') state = 'data'
    } else if (line === 'DATA=END') {
      state = 'end'
      break
    } else if (/^ (?:[\da-f]{2})*$/.test(line)) {
      const text = Buffer.from(line.slice(1), 'hex').toString('latin1')
      if (key === undefined) key = text
      else {
        yield [key, text]
        key = undefined
      }
    } else {
      throw new Error(`no line of a dump: ${JSON.stringify(line.slice(0, 80))}`)
    }
  }
  if (state !== 'end' || key !== undefined) throw new Error('the dump ends too early')
}

/** What db_load(1) takes. */
export function formatDump(pairs: Iterable<Pair>): string {
  const hex = (text: string) => ` ${Buffer.from(text, 'latin1').toString('hex')}\n`
  let text = 'VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n'
  for (const [key, value] of pairs) text += hex(key) + hex(value)
  return `${text}DATA=END\n`
}

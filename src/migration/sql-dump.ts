/** A row of a dumped table: values in the order of the table's columns, null for NULL. */
export interface Row {
  readonly table: string
  /** Where the dump names them (COPY, INSERT with a list). */
  readonly columns: readonly string[] | undefined
  readonly values: readonly (string | null)[]
}

/**
 * Rows of the tables asked for, from a dump as text: `INSERT INTO` of sqlite3 .dump and mysqldump (many rows a statement),
 * `COPY … FROM stdin` of pg_dump. Whatever else a dump has is skipped. Throws an Error for a statement cut short.
 */
export async function* readSqlDump(
  lines: AsyncIterable<string> | Iterable<string>,
  tables: ReadonlySet<string>,
): AsyncIterable<Row> {
  let copying: Omit<Row, 'values'> | undefined
  let statement = ''
  for await (const line of lines) {
    if (copying !== undefined) {
      if (line === '\\.') copying = undefined
      else yield { ...copying, values: line.split('\t').map(copiedValue) }
      continue
    }
    const text: string = statement === '' ? line : `${statement}\n${line}`
    const copy = /^COPY (\S+) \(([^)]*)\) FROM stdin;$/.exec(text)
    if (copy?.[1] !== undefined && copy[2] !== undefined) {
      // rows of another table are lines too
      copying = { table: bare(copy[1]), columns: copy[2].split(',').map(bare) }
      continue
    }
    const insert = /^INSERT INTO (\S+?)(?: \(([^)]*)\))? VALUES\s*/i.exec(text)
    if (insert?.[1] === undefined || !tables.has(bare(insert[1]))) continue
    const rows = insertedRows(text.slice(insert[0].length))
    // a value may hold a line break
    statement = rows === undefined ? text : ''
    const columns = insert[2]?.split(',').map(bare)
    for (const values of rows ?? []) yield { table: bare(insert[1]), columns, values }
  }
  if (copying !== undefined || statement !== '') throw new Error('the dump ends in the middle of a table')
}

/** `"connect"`, `` `connect` ``, `public.connect` */
function bare(name: string): string {
  return name.replace(/["`\s]/g, '').replace(/^.*\./, '')
}

/** PostgreSQL, COPY: `\N` is NULL, a backslash stands before what means something. */
function copiedValue(text: string): string | null {
  if (text === '\\N') return null
  return text.replace(/\\(.)/g, (_, escaped: string) => ({ n: '\n', t: '\t', r: '\r' })[escaped] ?? escaped)
}

/** `('a',NULL,1),('b','it''s',2);` undefined: the statement goes on in the next line. */
function insertedRows(text: string): (string | null)[][] | undefined {
  const rows: (string | null)[][] = []
  let at = 0
  for (;;) {
    while (text[at] === ',' || text[at] === ' ' || text[at] === '\n') at += 1
    if (text[at] === ';') return rows
    if (text[at] !== '(') return undefined
    const row: (string | null)[] = []
    do {
      at += 1
      const value = text[at] === "'" ? quotedValue(text, at) : plainValue(text, at)
      if (value === undefined) return undefined
      row.push(value.value)
      at = value.end
    } while (text[at] === ',')
    if (text[at] !== ')') return undefined
    rows.push(row)
    at += 1
  }
}

interface Scanned {
  readonly value: string | null
  readonly end: number
}

/** A quote inside is doubled (all of them) or has a backslash before it (MySQL). */
function quotedValue(text: string, start: number): Scanned | undefined {
  let value = ''
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at] ?? ''
    if (character === '\\') {
      at += 1
      value += text[at] ?? ''
    } else if (character !== "'") value += character
    else if (text[at + 1] === "'") {
      at += 1
      value += "'"
    } else return { value, end: at + 1 }
  }
  return undefined
}

function plainValue(text: string, start: number): Scanned | undefined {
  const found = /^[^,()';]+/.exec(text.slice(start, start + 100))?.[0]
  if (found === undefined) return undefined
  return { value: found.toUpperCase() === 'NULL' ? null : found, end: start + found.length }
}

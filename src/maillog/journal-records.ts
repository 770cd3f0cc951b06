/** A journal entry's fields, as journalctl writes them. */
export type JournalFields = Readonly<Record<string, unknown>>

const EXPORT_START = /^__(?:CURSOR|REALTIME_TIMESTAMP)=/
const EXPORT_FIELD = /^([A-Z_][A-Z0-9_]{0,63})=(.*)$/s
const VERBOSE_START =
  /^[A-Z][a-z]{2} (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?) ([A-Z+\-\d]{1,6}) \[s=[0-9a-f]/
const VERBOSE_FIELD = /^ {4}([A-Z_][A-Z0-9_]{0,63})=(.*)$/s
/** Lines of one entry. */
const LONGEST = 256

/** Not a part of such an entry; held until it is whole; or a whole one. */
export type Gathered = 'none' | 'held' | JournalFields

/**
 * Entries of journalctl that take several lines: `-o json-pretty`, `-o export`, `-o verbose`. A field that comes twice
 * is what it was first. (Export writes a message with line breaks as bytes with their length: such an entry is lost.)
 */
export class JournalRecords {
  private kind: 'json' | 'export' | 'verbose' | undefined
  private lines: string[] = []
  private fields: Record<string, unknown> = {}

  /** Is a line that comes now a part of one? */
  get isOpen(): boolean {
    return this.kind !== undefined
  }

  /** Was the last line no part of the entry that it ended? */
  isOver = false

  /** The next line. An entry of `-o verbose` is whole when the next begins: `end` gives the last one. */
  take(line: string): Gathered {
    this.isOver = false
    if (this.kind === 'json') return this.takeJson(line)
    if (this.kind === 'export') return this.takeField(line, EXPORT_FIELD)
    if (this.kind === 'verbose') return this.takeVerbose(line)
    return this.start(line)
  }

  /** The entry that the end of the log ends. */
  end(): JournalFields | undefined {
    const whole = this.kind === 'export' || this.kind === 'verbose' ? this.fields : undefined
    this.kind = undefined
    this.lines = []
    return whole
  }

  private start(line: string): Gathered {
    this.lines = []
    this.fields = {}
    const verbose = line.endsWith(']') ? VERBOSE_START.exec(line) : null
    if (line === '{') this.kind = 'json'
    else if (EXPORT_START.test(line)) this.kind = 'export'
    else if (verbose) this.kind = 'verbose'
    else return 'none'
    if (this.kind === 'export') return this.takeField(line, EXPORT_FIELD)
    if (verbose) this.fields.TIME = `${verbose[1]}${verbose[2] === 'UTC' ? 'Z' : ''}`
    this.lines.push(line)
    return 'held'
  }

  private takeJson(line: string): Gathered {
    this.lines.push(line)
    if (line !== '}') return this.goOn()
    this.kind = undefined
    try {
      return JSON.parse(this.lines.join('\n')) as JournalFields
    } catch {
      return 'held'
    }
  }

  private takeField(line: string, pattern: RegExp): Gathered {
    if (line === '' && this.kind === 'export') return this.end() ?? 'held'
    const [, name, value] = pattern.exec(line) ?? []
    if (name !== undefined) this.fields[name] ??= value
    this.lines.push(line)
    return this.goOn()
  }

  private takeVerbose(line: string): Gathered {
    if (line.startsWith('    ')) return this.takeField(line, VERBOSE_FIELD)
    const whole = this.end()
    this.isOver = this.start(line) === 'none'
    return whole ?? 'held'
  }

  /** An entry that never ends is none. */
  private goOn(): Gathered {
    if (this.lines.length > LONGEST) this.kind = undefined
    return 'held'
  }
}

/** journald gives bytes as an array of numbers where they are no UTF-8, and null where they are too many. */
export function journalText(value: unknown): string {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return ''
  if (value.every((byte) => typeof byte === 'number')) return Buffer.from(value).toString('utf8')
  return value.length > 0 ? journalText(value[0]) : ''
}

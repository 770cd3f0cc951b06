import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import type { LogSource } from './sources.js'
import { isPacked } from './unpack.js'

/** How far a log was read. A file is known by its beginning, so that it is found again when it was renamed, copied or packed. */
export interface FileMark {
  /** What it was called then, for people. */
  readonly name: string
  /** SHA-256 of its first `length` bytes, unpacked. */
  readonly start: string
  readonly length: number
  /** Bytes, unpacked, up to the end of the last whole line that was read. */
  readonly offset: number
}

export interface CursorState {
  readonly version: 1
  /** Seconds since the epoch when that run began to look. */
  readonly takenAt: number
  readonly files: readonly FileMark[]
  /** journald's own __CURSOR. */
  readonly journal?: string
}

/** Bytes that a file is known by: time and process of its first lines are in them. */
const START = 1024
/** Marks that are kept: a family of rotated logs has a few dozen. */
const MOST_MARKS = 200
const LF = 10

/** Where the last run ended, and how far this one has come. */
export class Cursor {
  private readonly reached: (() => FileMark | undefined)[] = []
  private journal: string | undefined
  private matched = new Set<FileMark>()

  /** `before`: undefined in the first run, which reads all there is. `now`: seconds since the epoch. */
  constructor(
    private readonly before: CursorState | undefined,
    private readonly now: number,
  ) {
    this.journal = before?.journal
  }

  /**
   * The same sources, each from where the last run ended on; a file without a new line gives none. `named`: a person
   * named them. Throws GreyctlError('usage') for one that cannot be read on from a place.
   */
  async goOn(sources: readonly LogSource[], named: boolean): Promise<readonly LogSource[]> {
    const found: LogSource[] = []
    // from the newest on: while logrotate copies a file there are two, and the old one is gone first
    for (const source of [...sources].reverse()) {
      const part = source.resume ? this.resumed(source) : await this.fileOn(source, named)
      if (part !== undefined) found.unshift(part)
    }
    return found
  }

  /** What the next run needs to know. Marks of files that were not there this time stay. */
  state(): CursorState {
    const files = this.reached.map((mark) => mark()).filter((mark) => mark !== undefined)
    const others = this.before?.files.filter((mark) => !this.matched.has(mark)) ?? []
    return {
      version: 1,
      takenAt: this.now,
      files: [...files, ...others].slice(0, MOST_MARKS),
      ...(this.journal === undefined ? {} : { journal: this.journal }),
    }
  }

  private resumed(source: LogSource): LogSource {
    const { resume } = source
    const open = () =>
      resume?.(this.journal, (cursor) => {
        this.journal = cursor
      }) ?? source.open()
    return { ...source, open }
  }

  private async fileOn(source: LogSource, named: boolean): Promise<LogSource | undefined> {
    const { again, parts, size, name } = source
    if (!again || parts === undefined || size === undefined)
      throw new GreyctlError('usage', `--cursor-file: ${name} cannot be read on from a place`, {
        hints: ['name a file with --log, or say --journal'],
      })
    const head = await headOf(source.open(), START)
    const packed = isPacked(await headOf(parts({ from: 0, length: 8 }), 8))
    const mark = this.before?.files.find((one) => startsAs(head, one) && (packed || one.offset <= size))
    if (mark !== undefined) {
      if (this.matched.has(mark)) return undefined
      this.matched.add(mark)
    } else if (!named && this.before !== undefined && source.modified < this.before.takenAt - 1) {
      // it was there the last time, and --since left it out
      return undefined
    }
    const from = mark?.offset ?? 0
    let end = from
    this.reached.push(() => markAt(name, head, end) ?? mark)
    const isOld = this.before !== undefined && source.modified < this.before.takenAt - 1
    if (mark !== undefined && (isOld || (!packed && from === size))) return undefined
    const rest = packed
      ? () => skipping(source.open(), from)
      : () => parts({ from, length: Math.max(0, size - from) })
    return {
      ...source,
      open: () => {
        end = from
        return wholeLinesOf(rest(), (bytes) => {
          end += bytes
        })
      },
      ...(packed
        ? {}
        : {
            size: size - from,
            parts: (...ranges) =>
              parts(
                ...ranges.map((range) => ({
                  from: from + range.from,
                  length: Math.min(range.length, size - from - range.from),
                })),
              ),
          }),
    }
  }
}

/** Reads what state() was written as. `where`: its file. Throws GreyctlError('config-unreadable'). */
export function parseCursor(text: string, where: string): CursorState {
  const damaged = (cause?: unknown) =>
    new GreyctlError('config-unreadable', 'is no cursor of greyctl', {
      where,
      cause,
      hints: ['remove it to begin anew: the next run reads the whole log once more'],
    })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damaged(error)
  }
  if (!isState(value)) throw damaged()
  return value
}

function isState(value: unknown): value is CursorState {
  const { version, takenAt, files, journal } = (value ?? {}) as Partial<CursorState>
  return (
    version === 1 &&
    typeof takenAt === 'number' &&
    (journal === undefined || typeof journal === 'string') &&
    Array.isArray(files) &&
    files.every(isMark)
  )
}

function isMark(value: unknown): value is FileMark {
  const { name, start, length, offset } = (value ?? {}) as Partial<FileMark>
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0
  return typeof name === 'string' && typeof start === 'string' && isCount(length) && isCount(offset)
}

/** Without a whole line there is nothing to know it by. */
function markAt(name: string, head: Buffer, offset: number): FileMark | undefined {
  const length = Math.min(head.length, offset)
  return length === 0 ? undefined : { name, start: hashOf(head.subarray(0, length)), length, offset }
}

function startsAs(head: Buffer, { start, length }: FileMark): boolean {
  return length > 0 && length <= head.length && hashOf(head.subarray(0, length)) === start
}

async function headOf(chunks: AsyncIterable<Buffer>, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    parts.push(Buffer.from(chunk))
    size += chunk.length
    if (size >= bytes) break
  }
  return Buffer.concat(parts).subarray(0, bytes)
}

async function* skipping(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of chunks) {
    if (chunk.length > left) yield chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}

/** Longer than any line of a log: so much without an end is not waited for. */
const LONGEST = 1 << 20

/** Up to the last line feed: a line that is still being written is the next run's. Tells how many bytes went out. */
async function* wholeLinesOf(
  chunks: AsyncIterable<Buffer>,
  out: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const last = chunk.lastIndexOf(LF)
    if (last === -1 && held.length + chunk.length < LONGEST) {
      held = Buffer.concat([held, chunk])
      continue
    }
    const end = last === -1 ? chunk.length : last + 1
    const whole = held.length > 0 ? Buffer.concat([held, chunk.subarray(0, end)]) : chunk.subarray(0, end)
    held = Buffer.from(chunk.subarray(end))
    out(whole.length)
    yield whole
  }
}

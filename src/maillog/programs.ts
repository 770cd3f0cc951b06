import { type Block, DIGIT, HOST, isOf, skip, standsAt, TAG, type Word, word } from './bytes.js'
import { instanceOf } from './event.js'
import { Fingerprint } from './fingerprint.js'
import { type ProgramKind, programKind } from './line-kinds.js'

/** Who wrote a line. */
export interface Program {
  readonly name: string
  readonly kind: ProgramKind
  /** The instance's fingerprint: queue ids of different instances are different. */
  readonly instance: { readonly a: number; readonly b: number }
  readonly word: Word
}

/** Slots for programs by their names: a log has a few dozen, a forger may have any number. */
const PROGRAMS = 256
const BLANK = 32
const NO_ONE: Program = { name: '', kind: 'any', instance: { a: 0, b: 0 }, word: word('') }
const STREAMS = new Set(['stdout ', 'stderr '])

/** What stands between a line's time and its message, `mx postfix/smtpd[12]: `, read where it lies in a block. */
export class HeadReader {
  program = NO_ONE
  /** A process id stands after the program. */
  hasPid = false
  private readonly programs: Program[] = new Array(PROGRAMS).fill(NO_ONE)
  /** `mx `, of the line before. */
  private host = word(' ')

  /** Where the message begins; -1 for any other form. */
  read(block: Block, from: number, to: number): number {
    const { bytes } = block
    const tag = this.afterHost(block, from, to)
    if (tag === -1) return -1
    const program = this.programAt(block, tag, to)
    this.program = program
    const name = tag + program.word.length
    let at = name
    this.hasPid = bytes[at] === 91
    if (this.hasPid) {
      at = skip(bytes, DIGIT, at + 1, to)
      if (bytes[at] !== 93 || at === name + 1) return -1
      at += 1
    }
    return bytes[at] !== 58 || bytes[at + 1] !== BLANK || at + 2 >= to || name === tag ? -1 : at + 2
  }

  /** Where the tag begins. A log is most often of one host. */
  private afterHost(block: Block, from: number, to: number): number {
    const { bytes } = block
    if (standsAt(block, from, this.host)) return from + this.host.length
    const at = skip(bytes, HOST, from, to)
    if (at === from || bytes[at] !== BLANK || at >= to) return -1
    const host = bytes.toString('latin1', from, at + 1)
    if (STREAMS.has(host)) return -1
    this.host = word(host)
    return at + 1
  }

  /** A few characters tell where it is kept, if it is there: most lines are of a few programs. */
  private programAt(block: Block, from: number, to: number): Program {
    const { bytes } = block
    const slot =
      ((bytes[from] as number) +
        7 * ((bytes[from + 8] as number) || 0) +
        31 * ((bytes[from + 12] as number) || 0)) &
      (PROGRAMS - 1)
    const known = this.programs[slot] as Program
    const end = from + known.word.length
    if (end > from && standsAt(block, from, known.word) && !isOf(TAG, bytes[end])) return known
    const name = bytes.toString('latin1', from, skip(bytes, TAG, from, to))
    const { a, b } = new Fingerprint().start().add(Buffer.from(instanceOf(name)))
    const program = { name, kind: programKind(name), instance: { a, b }, word: word(name) }
    this.programs[slot] = program
    return program
  }
}

import { spawnSync } from 'node:child_process'
import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs'
import { crc32 } from 'node:zlib'
import { decodeChanges, encodeChangesInto, sizeOf } from './change-bytes.js'
import type { Change } from './store.js'

/** Bytes of a segment, about 35,000 changes: what may wait for the slower store behind. */
export const SEGMENT_SIZE = 4 * 1024 * 1024

export class JournalTaken extends Error {
  constructor() {
    super('another daemon uses it')
  }
}

/** Length of the payload, its checksum, the generation, 4 bytes each. */
const HEADER = 12

/**
 * One file of a journal: frames of changes from its start, each with the generation of the segment's use, so that what
 * an earlier use left behind is told apart. It is written over in place, never grown: then a flush is one write of data
 * (100 µs where an append, which has to commit the file's new length too, takes 170).
 */
export class Segment {
  readonly #descriptor: number
  #position = 0
  #flushing = false
  #waiting: ((error: Error | null) => void)[] = []

  /**
   * Creates the file or takes what is there; `recovered` is what it holds, and there is no room until it is cleared.
   * With `patience` (seconds) it is this process's alone. Throws what the system says, or JournalTaken.
   */
  static open(path: string, patience?: number): Opened {
    const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    try {
      if (patience !== undefined) claim(descriptor, patience)
      const bytes = readFileSync(descriptor)
      const recovered = readFrames(bytes)
      if (recovered.generation === undefined) blank(descriptor)
      else if (bytes.length < SEGMENT_SIZE) fill(descriptor, bytes.length)
      // a killed process may have flushed neither what is found here, nor that it was cleared: both count from now on. Written
      // again, since of what a flush failed for the system says only once that it is not on the disk
      writeAll(descriptor, bytes.subarray(0, recovered.length), 0)
      fdatasyncSync(descriptor)
      return { segment: new Segment(descriptor, recovered), recovered }
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  private constructor(descriptor: number, { changes }: Recovered) {
    this.#descriptor = descriptor
    if (changes.length > 0) this.#position = SEGMENT_SIZE
  }

  /** Nothing was appended since it was cleared. */
  get empty(): boolean {
    return this.#position === 0
  }

  /** Time to use the other one. */
  get nearlyFull(): boolean {
    return this.#position > (SEGMENT_SIZE * 3) / 4
  }

  /** False when there is no room: nothing is written then. The bytes survive this process, not yet a power failure. */
  append(generation: number, changes: readonly Change[]): boolean {
    const frame = encodeFrame(generation, changes)
    if (this.#position + frame.length > SEGMENT_SIZE) return false
    writeAll(this.#descriptor, frame, this.#position)
    this.#position += frame.length
    return true
  }

  /**
   * Resolves when everything appended so far is on the disk. Whoever comes while a flush is on its way shares the next. Rejects
   * with what the system says: what it did not write it takes for written from then on (fsync(2)), so whatever came after
   * would be behind a gap. Until it is cleared there is no more room.
   */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push((error) => (error ? reject(error) : resolve()))
      if (!this.#flushing) this.#flush()
    })
  }

  /**
   * Its changes are safe elsewhere. An empty frame tells that, and how far the generations have come. Before it resolves
   * there is no room here, and nothing newer may be cleared elsewhere: a power failure would bring back what is older
   * than what the store has.
   */
  async clear(generation: number): Promise<void> {
    this.#mark(generation)
    await this.flush()
    this.#position = 0
  }

  /**
   * Of one that holds nothing: no use before had this generation. On the disk when it returns: were one used twice, because
   * a power failure took all that told of its first use but its last frames, those would be taken for frames of the second.
   */
  begin(generation: number): void {
    this.#mark(generation)
    fdatasyncSync(this.#descriptor)
  }

  #mark(generation: number): void {
    writeAll(this.#descriptor, encodeFrame(generation, []), 0)
  }

  /** undefined: everything appended so far is on the disk, or was never to be flushed. Otherwise as `flush`. */
  get flushing(): Promise<void> | undefined {
    return this.#flushing ? this.flush() : undefined
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #flush(): void {
    const served = this.#waiting
    this.#waiting = []
    this.#flushing = true
    // not fdatasyncSync: whoever is known already need not wait for it
    fdatasync(this.#descriptor, (error) => {
      this.#flushing = false
      if (error) {
        this.#position = SEGMENT_SIZE
        served.push(...this.#waiting.splice(0))
      }
      if (this.#waiting.length > 0) this.#flush()
      for (const done of served) done(error)
    })
  }
}

export interface Opened {
  readonly segment: Segment
  readonly recovered: Recovered
}

export interface Recovered {
  /** Of what it holds, or held when it was cleared; undefined where its beginning tells neither. */
  readonly generation: number | undefined
  readonly changes: readonly Change[]
  /** Bytes that say all that. */
  readonly length: number
}

/**
 * All frames of the first one's generation, up to an empty one or the first that was not written whole. Never throws.
 */
export function readFrames(bytes: Buffer): Recovered {
  const changes: Change[] = []
  let generation: number | undefined
  let told = 0
  let position = 0
  while (position + HEADER <= bytes.length) {
    const length = bytes.readUInt32LE(position)
    const end = position + HEADER + length
    if (end > bytes.length) break
    if (crc32(bytes.subarray(position + 8, end)) !== bytes.readUInt32LE(position + 4)) break
    const current = bytes.readUInt32LE(position + 8)
    if (position > 0 && current !== generation) break
    generation = current
    told = end
    if (length === 0) break
    if (!decodeChanges(bytes.subarray(position + HEADER, end), changes)) break
    position = end
  }
  return { generation, changes, length: told }
}

/** For the frames of most turns: with memory of its own for each, the process held 12 MiB more, and took a thirtieth longer. */
const SCRATCH = Buffer.allocUnsafeSlow(64 * 1024)

/** Valid until the next call. */
function encodeFrame(generation: number, changes: readonly Change[]): Buffer {
  const size = HEADER + sizeOf(changes)
  const frame = size > SCRATCH.length ? Buffer.allocUnsafeSlow(size) : SCRATCH.subarray(0, size)
  encodeChangesInto(frame, HEADER, changes)
  frame.writeUInt32LE(size - HEADER, 0)
  frame.writeUInt32LE(generation, 8)
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4)
  return frame
}

/**
 * Two daemons would write over each other. flock(1) locks what is behind the descriptor, and the lock stays as long as
 * this process has it open, however that ends. Without the program (util-linux) there is no lock. Seconds.
 */
function claim(descriptor: number, patience: number): void {
  const { status } = spawnSync('flock', ['--timeout', String(patience), '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  })
  if (status === 1) throw new JournalTaken()
}

/**
 * For a new one, and for one whose beginning a power failure tore: frames of a use that nobody knows of any more may lie
 * behind that.
 */
function blank(descriptor: number): void {
  fill(descriptor, 0)
  writeAll(descriptor, encodeFrame(0, []), 0)
}

/** Written, not only declared: blocks that the file system had still to find would cost each flush a second write. */
function fill(descriptor: number, from: number): void {
  writeAll(descriptor, Buffer.alloc(SEGMENT_SIZE - from), from)
  fsyncSync(descriptor)
}

function writeAll(descriptor: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done)
  }
}
